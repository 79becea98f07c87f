# SPDX-License-Identifier: Apache-2.0
"""`sources.toml`: what a user says about the folders of pictures that the files cannot tell."""

import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pydantic import Field, ValidationError

from tinydf.data.dataset import PRE_SOCIAL, Strict
from tinydf.errors import TinydfError
from tinydf.files import first_problem

FILE = "sources.toml"
ADVICE = 'it has tables such as ["fake/stylegan2"] with licence, origin, name and platform, all as text'


class Declared(Strict):
    """What is said about a folder, and about all folders in it that say nothing themselves."""

    licence: str = "not stated"
    origin: str = Field(default="", description="where the pictures are from; their paths stand behind it")
    name: str | None = Field(
        default=None, min_length=1, description="of the generator or collection; else the folder's"
    )
    platform: str = Field(
        default=PRE_SOCIAL, pattern="^[a-z0-9][a-z0-9_-]*$", description="where the pictures were really shared"
    )


def read_declared(directory: Path) -> dict[str, Declared]:
    """What `directory/sources.toml` says of each folder, which is given by its path below `directory`; nothing without.

    Raises:
        TinydfError: if the file is damaged, has an unknown key, or names a folder that is not there.
    """
    path = directory / FILE
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TinydfError(f"{path} is not TOML: {error}", ADVICE) from None
    declared = {}
    for folder, table in tables.items():
        if not (directory / folder).is_dir():
            raise TinydfError(
                f'{path}: there is no folder "{folder}"', f"give folders by their paths below {directory}"
            )
        try:
            declared[str(PurePosixPath(folder))] = Declared.model_validate(table)
        except ValidationError as error:
            raise TinydfError(f'{path}: "{folder}": {first_problem(error)}', ADVICE) from None
    return declared


def declared_of(declared: Mapping[str, Declared], file: Path) -> Declared:
    """What is said of the innermost folder around a file, which is given by its path below the directory."""
    return next((declared[str(one)] for one in file.parents if str(one) in declared), Declared())

# SPDX-License-Identifier: Apache-2.0
"""Artefacts on disk: written aside and renamed, hashed, read with a limit, and locked."""

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from filelock import lock_descriptor
from pydantic import BaseModel, ValidationError

from tinydf.errors import TinydfError

Model = TypeVar("Model", bound=BaseModel)
LOCK_POLL_SECONDS = 0.01


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of `data`, in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file, in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, which takes its name when the block ends without an exception.

    If the block fails (a full disk, Ctrl-C), nothing half-written is left and an older `path` stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Like `atomic_path` for a whole directory: an older one is replaced only when the new one is complete."""
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Named before it is made, so that Ctrl-C finds it whenever it comes.
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.partial")
    try:
        aside.mkdir()
        yield aside
        retired = aside.with_suffix(".retired")
        if path.exists():
            path.rename(retired)
        aside.rename(path)
        shutil.rmtree(retired, ignore_errors=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def try_lock(descriptor: int, patience: float = 0.0) -> bool:
    """Lock an open file until it is closed, and say whether that was possible: another may hold it.

    Args:
        descriptor: the file's.
        patience: for how many seconds to wait for the other.
    """
    deadline = time.monotonic() + patience
    while not lock_descriptor(descriptor, blocking=False):
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOCK_POLL_SECONDS)
    return True


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8."""
    with atomic_path(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: BaseModel | dict[str, Any] | list[Any]) -> None:
    """Write JSON atomically, indented by two, keys in the order given."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    write_text(path, json.dumps(plain, indent=2, allow_nan=False) + "\n")


def read_record(kind: type[Model], path: Path, made_by: str) -> Model:
    """Read a JSON artefact as the pydantic model `kind`.

    Args:
        kind: the schema.
        path: the file.
        made_by: the command that makes such a file, for the error's advice.

    Raises:
        TinydfError: if the file is missing, is not JSON, or does not fit the schema.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise TinydfError(f"{path} does not exist", f"make it with `{made_by}`") from None
    except NotADirectoryError:
        raise TinydfError(f"{path.parent} is not a directory", f"give one made by `{made_by}`") from None
    except ValidationError as error:
        raise TinydfError(f"{path}: {first_problem(error)}", f"make it again with `{made_by}`") from None


def first_problem(error: ValidationError) -> str:
    """The first problem that pydantic found, in one line: where, and what."""
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    message = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"]
    return f"{where}: {message}" if where else message

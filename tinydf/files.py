"""Artefacts on disk: written aside and renamed, hashed, read with a limit, and locked."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tinydf.errors import TinydfError

Model = TypeVar("Model", bound=BaseModel)


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


def try_lock(descriptor: int, shared: bool = False) -> bool:
    """Lock an open file until it is closed, and say whether that was possible: others may hold it (flock(2)).

    Args:
        descriptor: the file's.
        shared: whether others may hold it shared at the same time.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8."""
    with atomic_path(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: BaseModel | dict[str, Any] | list[Any]) -> None:
    """Write JSON atomically, indented by two, keys in the order given."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    write_text(path, json.dumps(plain, indent=2, allow_nan=False) + "\n")


def read_model(kind: type[Model], path: Path, made_by: str) -> Model:
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

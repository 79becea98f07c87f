# SPDX-License-Identifier: Apache-2.0
"""Artefacts are complete or absent, also where writing them fails."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from tinydf.errors import TinydfError
from tinydf.files import atomic_directory, atomic_path, read_record, sha256_bytes, sha256_file, write_json


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int


@pytest.mark.parametrize("trouble", [OSError("disk full"), KeyboardInterrupt()])
def test_a_file_that_fails_leaves_the_older_one(tmp_path: Path, trouble: BaseException) -> None:
    path = tmp_path / "file"
    path.write_text("older")
    with pytest.raises(type(trouble)), atomic_path(path) as aside:
        aside.write_text("half")
        raise trouble
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("trouble", [OSError("disk full"), KeyboardInterrupt()])
def test_a_directory_that_fails_leaves_the_older_one(tmp_path: Path, trouble: BaseException) -> None:
    path = tmp_path / "directory"
    path.mkdir()
    (path / "old").write_text("older")
    with pytest.raises(type(trouble)), atomic_directory(path) as aside:
        (aside / "new").write_text("half")
        raise trouble
    assert [one.name for one in path.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "directory"
    for name in ("old", "new"):
        with atomic_directory(path) as aside:
            (aside / name).write_text(name)
    assert [one.name for one in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "Invalid JSON"), ('{"size": 1, "colour": 2}', "colour: unknown key"), ('{"size": "x"}', "size: ")],
)
def test_a_damaged_artefact_is_named_with_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "thing.json"
    path.write_text(text)
    with pytest.raises(TinydfError, match=says) as error:
        read_record(Thing, path, "tinydf make")
    assert str(path) in str(error.value) and "tinydf make" in str(error.value)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "thing.json"
    write_json(path, Thing(size=3))
    assert read_record(Thing, path, "") == Thing(size=3)
    assert sha256_file(path) == sha256_bytes(path.read_bytes())


def test_numbers_that_json_cannot_hold_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "thing.json", {"size": float("nan")})
    assert list(tmp_path.iterdir()) == []

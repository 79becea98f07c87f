# SPDX-License-Identifier: Apache-2.0
"""Every rule of the board schema has one broken file in `bad/`, whose first line is the message that it must give."""

from pathlib import Path

import pytest

from tinydf.boards import board as boards
from tinydf.compiler import target_of
from tinydf.errors import TinydfError

BAD = sorted((Path(__file__).parent / "bad").glob("*.toml"))


@pytest.mark.parametrize("name", boards.names())
def test_boards_of_the_repository_are_good(name: str) -> None:
    assert boards.load(name).name == name


def test_there_are_the_boards_we_promise() -> None:
    stm32 = {f"nucleo-{chip}" for chip in ("h743", "h7a3", "f446", "f767", "l4r5", "u575")}
    assert stm32 | {"mps2-an386", "mps2-an500", "mps3-an547", "posix"} <= set(boards.names())


@pytest.mark.parametrize("name", [name for name in boards.names() if name.startswith("nucleo-")])
def test_an_stm32_takes_the_kernels_of_its_core(name: str) -> None:
    assert target_of(boards.load(name).core.name).name == "armv7e-m"


@pytest.mark.parametrize("name", boards.names())
def test_every_board_s_core_has_a_target(name: str) -> None:
    assert boards.load(name).core.name in target_of(boards.load(name).core.name).cores


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_broken_rule_is_named(path: Path) -> None:
    expected = path.read_text().splitlines()[0].removeprefix("# ")
    with pytest.raises(TinydfError) as caught:
        boards.validate(path)
    assert caught.value.what.startswith(f"{path}: {expected}")
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "noise.toml"
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(TinydfError, match="not TOML"):
        boards.validate(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match="is not a file"):
        boards.validate(tmp_path / "none.toml")


def test_a_board_that_does_not_exist() -> None:
    with pytest.raises(TinydfError, match=r"there is no board 'nucleo-h7'.*nucleo-h743, nucleo-h7a3, .*posix"):
        boards.load("nucleo-h7")


def test_a_name_is_not_a_path() -> None:
    with pytest.raises(TinydfError, match="there is no board"):
        boards.load("../boards/posix")

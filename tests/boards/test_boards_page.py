# SPDX-License-Identifier: Apache-2.0
"""docs/reference/boards.md: made by `make test-boards`, and in step with the boards there are."""

from benchmarks.boards import OUT, Row, page
from tinydf.boards import board as boards


def _cells(text: str) -> dict[str, list[str]]:
    """The table's rows, by the board."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {row[0]: row for row in rows[2:]}


def test_every_board_has_its_row_and_no_byte_differs() -> None:
    rows = _cells(OUT.read_text())
    assert sorted(rows) == boards.names(), "run `make test-boards`"
    for name, cells in rows.items():
        board = boards.load(name)
        assert cells[1] == board.core.name
        assert cells[10] == ("0 of 20" if board.emulator else "-")
        assert cells[11] == (f"run by {board.on_silicon}" if board.on_silicon else "-")


def test_rows_of_other_boards_are_kept() -> None:
    before = OUT.read_text()
    after = page([Row(boards.load("nucleo-f446"), None, refused="no compiler")], 20, True, before)
    assert _cells(after)["nucleo-f446"][3] == "no: no compiler"
    assert {**_cells(after), "nucleo-f446": []} == {**_cells(before), "nucleo-f446": []}
    assert page([], 20, True, before) == before


def test_a_board_that_is_not_built_says_why() -> None:
    row = _cells(page([Row(boards.load("nucleo-f446"), None, refused="no a|b-gcc")], 20, False))["nucleo-f446"]
    assert row[3:5] == ["no: no a/b-gcc", "unicorn stm32f446"]
    assert row[6:11] == ["-"] * 5

# SPDX-License-Identifier: Apache-2.0
"""The search for the arena ends on a board that is not steady."""

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest

from tinydf.bench.arena import _smallest
from tinydf.errors import TinydfError
from tinydf.link import wire


class Unsteady:
    """A board that never gives an answer twice; no real one can be made to."""

    largest = 4096

    def __init__(self) -> None:
        self.asked = 0

    def load(self, arena_bytes: int) -> None:
        assert arena_bytes == self.largest

    def open(self) -> contextlib.AbstractContextManager["Unsteady"]:
        return contextlib.nullcontext(self)

    def arena(self, size: int) -> SimpleNamespace:
        assert size <= self.largest
        return SimpleNamespace(arena_used=1000, engine_status=wire.EngineStatus.OK)

    def infer(self, sample: int, data: bytes) -> SimpleNamespace:
        self.asked += 1
        assert self.asked < 100, "the search has no end"
        return SimpleNamespace(output=bytes([self.asked]), arena_intact=True)


def test_a_board_that_gives_no_answer_twice() -> None:
    board: Any = Unsteady()
    with pytest.raises(TinydfError, match="the answer in the whole arena of 4096 bytes cannot be had twice: check"):
        _smallest(board, b"", lambda line: None)

# SPDX-License-Identifier: Apache-2.0
"""A board for the tests of this room: the real firmware, as a process of the host."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.posix import Posix, switched_on


@pytest.fixture
def board(tiny_firmware: Path, tmp_path: Path) -> Iterator[Posix]:
    """A board that runs `tiny_export`, switched on."""
    with switched_on(tiny_firmware, tmp_path / "tty") as one:
        yield one

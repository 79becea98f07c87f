# SPDX-License-Identifier: Apache-2.0
"""`tinydf boards list`: each board with what builds, emulates and flashes it, and who has run it."""

import json
import os
import subprocess
import sys
from typing import Any

from tinydf.boards import board as boards


def listed() -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tinydf.cli", "boards", "list", "--json"]
    entries: list[dict[str, Any]] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return entries


def test_the_list_says_it_of_every_board() -> None:
    found = {one["name"]: one for one in listed()}
    assert list(found) == boards.names()
    assert found["nucleo-f446"]["core"] == "cortex-m4"
    assert found["nucleo-f446"]["built_with"] == "arm-none-eabi-gcc"
    assert found["nucleo-f446"]["emulated_by"] == "unicorn"
    assert found["nucleo-f446"]["flashed_with"][:2] == ["openocd", "st-flash"]
    assert found["nucleo-f446"]["on_silicon"] == "nobody yet"
    assert found["esp32-s3-devkitc-1"]["built_with"] == "idf.py"
    assert (found["mps2-an386"]["flashed_with"], found["mps2-an386"]["on_silicon"]) == ([], None)


def test_every_word_of_the_list_is_there_in_80_columns() -> None:
    environment = {**os.environ, "COLUMNS": "80"}
    command = [sys.executable, "-m", "tinydf.cli", "boards", "list"]
    words = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split()
    for name in boards.names():
        board = boards.load(name)
        assert {name, board.core.name} <= set(words)
        assert set(board.flash.tables) <= {word.rstrip(",") for word in words}
    assert words.count("nobody") == sum(bool(boards.load(name).flash.tables) for name in boards.names())

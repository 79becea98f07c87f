# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite Micro behind engine.h, where a built tree is there (TFLM_ROOT): bytes, arena, and what fails."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tinydf import emulator
from tinydf.artefacts.build import read_build
from tinydf.artefacts.manifest import read_export
from tinydf.bench.arena import find_arena
from tinydf.boards import board as boards
from tinydf.boards.build import build
from tinydf.boards.tflm.library import choose, find_tree
from tinydf.boards.tflm.setup import Choice, scratch_of
from tinydf.compiler.frontend.tflite import read_model
from tinydf.errors import TinydfError
from tinydf.export.run import export_run
from tinydf.export.tflm_arena import arena_bytes
from tinydf.link.client import Connection
from tinydf.resources import MODELS

pytestmark = [
    pytest.mark.export,
    pytest.mark.emulator,
    pytest.mark.skipif("TFLM_ROOT" not in os.environ, reason="TFLM_ROOT does not name a built tflite-micro tree"),
]

NAMES = ["posix", "nucleo-h743", "mps2-an386", "mps2-an500", "mps3-an547"]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published detector's export."""
    directory = tmp_path_factory.mktemp("tflm") / "export"
    export_run(MODELS / "phinet-demo" / "model.tflite", None, directory)
    return directory


def needs_library(name: str) -> None:
    """Skip where TFLM_ROOT has no library for the board's core."""
    try:
        choose(boards.load(name), find_tree())
    except TinydfError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", NAMES)
def test_the_board_gives_the_interpreters_bytes(export: Path, tmp_path: Path, name: str) -> None:
    from tinydf.compiler.host.interpreter import Interpreter

    needs_library(name)
    made = build(name, export, tmp_path, engine="tflm")
    manifest = read_export(export)
    inputs = np.random.default_rng(1).integers(-128, 128, (3, *manifest.input.shape[1:]), dtype=np.int8)
    expected = Interpreter((export / "model.tflite").read_bytes()).run(inputs)
    running = emulator.start(name, tmp_path / "firmware.elf", name=f"test-tflm-{name}", replace=True)
    try:
        with Connection(running.port) as board:
            hello = board.hello()
            assert (hello.engine, hello.engine_message) == ("tflm", "")
            assert hello.model_sha256.hex() == manifest.chain.tflite
            assert made.tflm is not None
            assert (hello.library, hello.library_sha256.hex()) == (made.tflm.name, made.tflm.sha256)
            assert 0 < hello.arena_used <= hello.arena_bytes == made.arena_bytes
            for index, one in enumerate(inputs):
                result = board.infer(index, one.tobytes())
                assert result.output == expected[index].tobytes()
                assert result.arena_intact
            ticks = board.profile()
            assert len(ticks) == hello.layer_count == len(read_model((export / "model.tflite").read_bytes()).operators)
            assert all(ticks)
    finally:
        running.stop()


def test_an_arena_that_is_too_small_is_told_with_what_it_takes(export: Path, tmp_path: Path) -> None:
    needs_library("nucleo-h743")
    build("nucleo-h743", export, tmp_path, "tflm", Choice(arena_bytes=40_000))
    running = emulator.start("nucleo-h743", tmp_path / "firmware.elf", name="test-tflm-small", replace=True)
    try:
        with Connection(running.port) as board, pytest.raises(TinydfError) as caught:
            board.hello()
    finally:
        running.stop()
    assert "the arena is too small for this model; it has 40000 bytes and needs at least " in str(caught.value)
    assert "missing: " in str(caught.value) and "`tinydf arena`" in str(caught.value)


def test_an_operator_that_is_missing_is_told_by_name(export: Path, tmp_path: Path) -> None:
    needs_library("nucleo-h743")
    copy = tmp_path / "export"
    shutil.copytree(export, copy)
    resolver = copy / "op_resolver.h"
    resolver.write_text(re.sub(r".*AddLogistic.*\n", "", resolver.read_text()))
    build("nucleo-h743", copy, tmp_path / "out", "tflm")
    running = emulator.start("nucleo-h743", tmp_path / "out" / "firmware.elf", name="test-tflm-missing", replace=True)
    try:
        with Connection(running.port) as board, pytest.raises(TinydfError, match="it says: LOGISTIC version"):
            board.hello()
    finally:
        running.stop()


def test_the_arena_is_found_to_the_byte_and_taken_by_the_next_build(export: Path, tmp_path: Path) -> None:
    needs_library("nucleo-h743")
    figure = find_arena("nucleo-h743", export)
    library = choose(boards.load("nucleo-h743"), find_tree())
    graph = read_model((export / "model.tflite").read_bytes())
    computed = arena_bytes(graph, scratch_of(library))
    assert figure.arena_bytes <= computed < 1.1 * figure.arena_bytes
    made = build("nucleo-h743", export, tmp_path, "tflm")
    assert made.tflm is not None and made.tflm.arena_origin == "measured"
    assert made.arena_bytes == figure.arena_bytes == read_build(tmp_path).arena_bytes
    running = emulator.start("nucleo-h743", tmp_path / "firmware.elf", name="test-tflm-exact", replace=True)
    try:
        with Connection(running.port) as board:
            board.hello()
            assert board.arena(figure.arena_bytes - 1).engine_status != 0, "one byte less is too little"
    finally:
        running.stop()

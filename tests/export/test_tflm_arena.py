# SPDX-License-Identifier: Apache-2.0
"""The computed arena: its head is what TFLM's own planner gives; scratch by hand; the exact figures of an export."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.cases import CASES
from tests.compiler.models import ModelBuilder
from tinydf.artefacts.manifest import Manifest
from tinydf.boards.tflm.setup import FILE, ArenaFigure, keep_figure, read_figures
from tinydf.compiler.frontend.tflite import read_model
from tinydf.export.tflm_arena import Buffer, _scratch, _tensors, arena_bytes, largest_arena, plan
from tinydf.resources import MODELS

MANIFEST = Manifest.model_validate_json((MODELS / "phinet-demo" / "manifest.json").read_bytes())


def interpreter_head(path: Path) -> int:
    """Bytes that tflite-micro's planner took for tensors and scratch buffers, as the interpreter itself tells."""
    done = subprocess.run(
        [sys.executable, "-m", "tinydf.export.tflm", str(path)], capture_output=True, text=True, check=True
    )
    found = re.search(r"Arena allocation head (\d+) bytes", done.stderr)
    assert found is not None
    return int(found[1])


@pytest.mark.export
@pytest.mark.parametrize("model", ["phinet-demo", "phinet-small"])
def test_the_plan_is_the_interpreters(model: str) -> None:
    path = MODELS / model / "model.tflite"
    graph = read_model(path.read_bytes())
    buffers = _tensors(graph)
    for time, operator in enumerate(graph.operators, start=1):
        sizes = _scratch(graph, operator, "reference")
        buffers += [Buffer(-(-size // 16) * 16, time, time) for size in sizes if size > 0]
    assert plan(buffers) == interpreter_head(path)


def test_the_planner_fills_gaps_in_order_of_size() -> None:
    assert plan([]) == 0
    assert plan([Buffer(16, 0, 1), Buffer(32, 1, 2)]) == 48
    assert plan([Buffer(16, 0, 0), Buffer(32, 1, 2)]) == 32, "not at one time"
    assert plan([Buffer(64, 0, 1), Buffer(32, 1, 2), Buffer(48, 2, 3)]) == 96, "the last goes to where the first was"


def test_scratch_of_cmsis_nn() -> None:
    """arm_*_get_buffer_size of CMSIS-NN for a 3x3 convolution of 64 channels: two columns of int16, or four of int8."""
    model = ModelBuilder()
    x, y = model.tensor((1, 8, 8, 64), 0.1), model.tensor((1, 8, 8, 64), 0.1)
    weights = model.tensor((64, 3, 3, 64), 0.1, data=np.ones((64, 3, 3, 64), np.int8))
    model.add("CONV_2D", [x, weights], [y], "Conv2DOptions", strideW=1, strideH=1)
    graph = read_model(model.finish([x], [y]))
    (operator,) = graph.operators
    assert _scratch(graph, operator, "reference") == []
    assert _scratch(graph, operator, "dsp") == [2 * 576 * 2]
    assert _scratch(graph, operator, "mve") == [4 * 576]
    assert arena_bytes(graph, "dsp") - arena_bytes(graph, "reference") == pytest.approx(2304, abs=16)
    assert largest_arena(graph) >= max(arena_bytes(graph, "dsp"), arena_bytes(graph, "mve"))


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_operator_has_an_arena(name: str) -> None:
    graph = read_model(CASES[name](np.random.default_rng(4)))
    edges = [graph.tensors[place].count for place in (*graph.inputs, *graph.outputs)]
    assert largest_arena(graph) > max(edges)


def test_figures_are_kept_by_board_and_library(tmp_path: Path) -> None:
    model = MANIFEST.chain.tflite
    assert read_figures(tmp_path, model).figures == ()
    for board, library, size in (("a", "1" * 64, 100), ("b", "1" * 64, 200), ("a", "2" * 64, 300), ("a", "1" * 64, 90)):
        keep_figure(tmp_path, MANIFEST, ArenaFigure(board=board, library_sha256=library, library="x", arena_bytes=size))
    figures = read_figures(tmp_path, model)
    assert len(figures.figures) == 3
    found = figures.find("a", "1" * 64)
    assert found is not None and found.arena_bytes == 90
    assert figures.find("c", "1" * 64) is None
    assert read_figures(tmp_path, "0" * 64).figures == (), "another model's file"
    assert (tmp_path / FILE).is_file()

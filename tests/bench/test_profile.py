# SPDX-License-Identifier: Apache-2.0
"""`tinydf profile`: the model on the emulated board, byte for byte and layer by layer."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.compiler.cases import CASES
from tests.compiler.models import ModelBuilder
from tinydf.bench.profile import engine_code_bytes, profile
from tinydf.cli.profile import command
from tinydf.errors import TinydfError

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("name", ["network", "cascade", "softmax"])
def test_on_the_emulated_board(name: str) -> None:
    measured = profile(CASES[name](np.random.default_rng(21)), "nucleo-h743")
    assert measured.equal
    assert measured.emulated
    assert measured.unit == "emulated instructions"
    assert measured.target == "armv7e-m"
    assert measured.arena_intact
    assert 0 < measured.peak_stack_bytes < 4096
    assert 200 < measured.code_bytes < 30_000
    assert measured.ram_bytes >= measured.ram_lower_bound > 0
    layers = sum(layer.instructions for layer in measured.layers)
    assert abs(layers - measured.instructions) < measured.instructions * 0.1 + 200 * len(measured.layers)


def row_sum(size: int) -> bytes:
    """A table over `size` values, then their sum where that is one value."""
    model = ModelBuilder()
    x, y, z = model.tensor((1, size), 0.1), model.tensor((1, size), 0.1, 4), model.tensor((1, 1), 0.1)
    model.add("LEAKY_RELU", [x], [y], "LeakyReluOptions", alpha=0.3)
    model.add("MEAN", [y, model.constant([1])], [z], "ReducerOptions", keepDims=True)
    return model.finish([x], [y if size > 100 else z])


def test_a_model_with_one_output_is_measured() -> None:
    measured = profile(row_sum(40), "nucleo-h743")
    assert measured.equal and measured.arena_intact


def test_an_output_that_no_answer_holds_is_one_line() -> None:
    with pytest.raises(TinydfError, match="its output has 1009 bytes, and a board answers with at most 1008"):
        profile(row_sum(1009), "nucleo-h743")


def test_on_a_board_in_qemu() -> None:
    measured = profile(CASES["network"](np.random.default_rng(21)), "mps2-an386")
    assert measured.equal and measured.emulated and measured.arena_intact
    assert measured.unit == "emulated instructions"
    assert 0 < measured.peak_stack_bytes < 4096
    layers = sum(layer.instructions for layer in measured.layers)
    assert abs(layers - measured.instructions) < measured.instructions * 0.1 + 200 * len(measured.layers)


def test_command(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(CASES["network"](np.random.default_rng(22)))
    result = CliRunner().invoke(command, [str(model), "--board", "nucleo-h743", "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["equal"] is True
    assert answer["instructions_per_mac"] == pytest.approx(answer["instructions"] / answer["macs"], abs=1e-3)


def test_unknown_board_is_one_line(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(CASES["network"](np.random.default_rng(22)))
    result = CliRunner().invoke(command, [str(model), "--board", "nonesuch"])
    assert isinstance(result.exception, TinydfError)
    assert "\n" not in str(result.exception)


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(CASES["network"](np.random.default_rng(22))[:400])
    result = CliRunner().invoke(command, [str(model), "--board", "nucleo-h743"])
    assert isinstance(result.exception, TinydfError)
    assert str(result.exception).startswith(f"{model}: ")


def test_code_is_counted_from_the_map() -> None:
    linker_map = """
Discarded input sections
 .text.fill     0x00000000       0x40 CMakeFiles/firmware.dir/kernels/reference/fill.c.obj
Linker script and memory map
 .hot           0x00000000      0x100 CMakeFiles/firmware.dir/kernels/dsp/dot_dsp.c.obj
 .text.layer_000
                0x08001000       0x20 CMakeFiles/firmware.dir/tmp/x/model_aot.c.obj
 .rodata.w      0x08002000      0x900 CMakeFiles/firmware.dir/tmp/x/model_aot.c.obj
 .text.main     0x08003000       0x80 CMakeFiles/firmware.dir/app/main.c.obj
"""
    assert engine_code_bytes(linker_map) == 0x120
    assert engine_code_bytes(linker_map.replace(".c.obj", ".c.o")) == 0x120

# SPDX-License-Identifier: Apache-2.0
"""`tinydf compile --check`: silent on a right compiler, and names the first layer of a wrong one."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.compiler.cases import CASES
from tests.compiler.models import ModelBuilder
from tinydf.cli.main import main
from tinydf.compiler import TARGETS, compile_model, write_compiled
from tinydf.compiler.host.check import first_difference
from tinydf.compiler.ir.calls import Layer
from tinydf.compiler.lowering.context import LOWERINGS, Context


@pytest.mark.parametrize("target", TARGETS)
def test_a_right_model_has_no_difference(target: str, tmp_path: Path) -> None:
    model = CASES["network"](np.random.default_rng(11))
    compiled = compile_model(model, target=target)
    write_compiled(compiled, tmp_path)
    assert first_difference(model, compiled.plan, tmp_path) is None


def test_a_wrong_layer_is_named(tmp_path: Path) -> None:
    model = CASES["network"](np.random.default_rng(11))
    compiled = compile_model(model, target="generic")
    write_compiled(compiled, tmp_path)
    source = (tmp_path / "model_aot.c").read_text()
    # The second layer is the depthwise convolution: another weight, another result.
    head, weights = re.split(r"(?<=layer_001_weights)\[", source, maxsplit=1)
    changed = re.sub(r"\{\s*(-?\d+),", lambda m: f"{{ {-int(m[1]) + 5 if int(m[1]) > -100 else 100},", weights, count=1)
    (tmp_path / "model_aot.c").write_text(f"{head}[{changed}")
    difference = first_difference(model, compiled.plan, tmp_path)
    assert difference is not None
    assert difference.layer.operator == "DEPTHWISE_CONV_2D"
    assert "layer 1 (DEPTHWISE_CONV_2D)" in str(difference)


def test_a_wrong_layer_of_a_cascade_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = CASES["wide_cascade"](np.random.default_rng(4))

    right = LOWERINGS["HARD_SWISH"]

    def wrong(context: Context) -> Layer:
        layer = right(context)
        parameters = layer.calls[0].parameters.having(table=np.zeros(256, np.int8))
        return replace(layer, calls=(replace(layer.calls[0], parameters=parameters),))

    monkeypatch.setitem(LOWERINGS, "HARD_SWISH", wrong)
    compiled = compile_model(model)
    assert any("HARD_SWISH+" in layer.operator for layer in compiled.plan.layers)
    write_compiled(compiled, tmp_path)
    difference = first_difference(model, compiled.plan, tmp_path)
    assert difference is not None
    assert difference.layer.operator == "HARD_SWISH"


def test_command(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(CASES["network"](np.random.default_rng(11)))
    result = CliRunner().invoke(main, ["compile", str(model), "--out", str(tmp_path / "c"), "--check"])
    assert result.exit_code == 0, result.output
    assert "every layer gives TFLM's bytes" in result.stderr


@pytest.mark.parametrize("edge", ["float32", "uint8"])
def test_edges_of_other_types(edge: str, tmp_path: Path) -> None:
    model = ModelBuilder()
    scale, zero_point = (None, 0) if edge == "float32" else (0.1, 131)
    source = model.tensor((1, 40), scale, zero_point, dtype=edge)
    x, y = model.tensor((1, 40), 0.1, 3), model.tensor((1, 40), 1 / 256, -128)
    result = model.tensor((1, 40), None if scale is None else 1 / 256, 0, dtype=edge)
    model.add("QUANTIZE", [source], [x], "QuantizeOptions")
    model.add("LOGISTIC", [x], [y])
    model.add("DEQUANTIZE" if edge == "float32" else "QUANTIZE", [y], [result])
    data = model.finish([source], [result])
    compiled = compile_model(data)
    write_compiled(compiled, tmp_path)
    assert [layer.operator for layer in compiled.plan.layers] == ["LOGISTIC"]
    assert first_difference(data, compiled.plan, tmp_path) is None

# SPDX-License-Identifier: Apache-2.0
"""Layers that run together row by row: every byte is TFLM's, and less memory is needed."""

import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.compiler.cases import CASES, inputs_for
from tests.compiler.models import golden
from tests.compiler.test_compile import COMPILERS, INCLUDES, STRICT
from tinydf.bench.profile import profile
from tinydf.compiler import TARGETS, Compiled, compile_model, write_compiled
from tinydf.compiler.fusion import cascades
from tinydf.compiler.host import HostEngine


def any_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let cascades cost any work: small models gain too little to be worth it."""
    monkeypatch.setattr(cascades, "MAXIMUM_EXTRA", math.inf)
    monkeypatch.setattr(cascades, "PRICE", 0)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["wide_cascade", "cascade"])
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), often=st.integers(2, 20))
@example(seed=642, often=2)  # a 5x5 depthwise layer that overlapped too much of its input
def test_equals_tflm(
    name: str, target: str, seed: int, often: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    any_price(monkeypatch)
    monkeypatch.setattr(cascades, "STRIPES", (often,))
    model, compiled, rng = from_seed(name, target, seed)
    write_compiled(compiled, tmp_path)
    engine = HostEngine(tmp_path)
    inputs = inputs_for(rng, engine.input_shape)
    expected = golden(model, inputs)
    np.testing.assert_array_equal(engine.run(inputs).reshape(expected.shape), expected)


def from_seed(name: str, target: str, seed: int) -> tuple[bytes, Compiled, np.random.Generator]:
    """The first model from a seed on that has layers which run together."""
    while True:
        rng = np.random.default_rng(seed)
        model = CASES[name](rng)
        compiled = compile_model(model, target=target)
        if any(layer.stripe_rows for layer in compiled.plan.layers):
            return model, compiled, rng
        seed += 1


@pytest.fixture(scope="module")
def residual() -> bytes:
    """Expansion, h-swish, depthwise, a gate by channel, projection and sum: one cascade of six layers."""
    return CASES["wide_cascade"](np.random.default_rng(4))


def test_a_residual_block_is_one_layer_that_needs_less(residual: bytes) -> None:
    compiled = compile_model(residual)
    (layer,) = (layer for layer in compiled.plan.layers if layer.stripe_rows)
    assert layer.operator == "CONV_2D+HARD_SWISH+DEPTHWISE_CONV_2D+MUL+CONV_2D+ADD"
    assert layer.inputs[0].offset == layer.outputs[0].offset, "the sum lies upon the block's input"
    assert all(kept.rows < kept.shape[1] for kept in layer.kept)
    assert f"// A cascade in stripes of {layer.stripe_rows} rows." in compiled.source
    whole = compile_model(residual, whole=True)
    assert not any(layer.stripe_rows for layer in whole.plan.layers)
    assert compiled.arena_bytes < whole.arena_bytes


def test_without_a_smaller_peak_there_is_no_cascade() -> None:
    compiled = compile_model(CASES["network"](np.random.default_rng(3)))
    assert not any(layer.stripe_rows for layer in compiled.plan.layers)


@pytest.mark.parametrize("name", COMPILERS)
def test_generated_c_has_no_warning(name: str, residual: bytes, tmp_path: Path) -> None:
    write_compiled(compile_model(residual), tmp_path)
    source = str(tmp_path / "model_aot.c")
    subprocess.run(
        [*COMPILERS[name], *STRICT, *INCLUDES, f"-I{tmp_path}", source, "-o", str(tmp_path / "model.o")], check=True
    )


@pytest.mark.emulator
@pytest.mark.parametrize("board", ["nucleo-h743", "mps3-an547", "esp32-c3-devkitm-1"])
def test_on_emulated_boards(board: str, residual: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    any_price(monkeypatch)
    measured = profile(residual, board)
    assert measured.equal and measured.arena_intact
    assert any("DEPTHWISE_CONV_2D+MUL" in layer.operator for layer in measured.layers)

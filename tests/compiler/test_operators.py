"""Every operator gives the very bytes that TFLM's interpreter gives, over random shapes, scales and zero points."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compiler.cases import CASES, inputs_for, kernels_of
from tests.compiler.models import golden
from tinydf.compiler import TARGETS, compile_model, write_compiled
from tinydf.compiler.host import HostEngine


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CASES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_equals_tflm(name: str, target: str, seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    model = CASES[name](rng)
    compiled = compile_model(model, target=target)
    if target != "generic" and kernels_of(compiled) == kernels_of(compile_model(model)):
        return  # none of its own
    write_compiled(compiled, tmp_path)
    engine = HostEngine(tmp_path)
    inputs = inputs_for(rng, engine.input_shape)
    expected = golden(model, inputs)
    np.testing.assert_array_equal(engine.run(inputs).reshape(expected.shape), expected)

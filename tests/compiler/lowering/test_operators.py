"""Every operator gives the very bytes that TFLM's interpreter gives, over random shapes, scales and zero points."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compiler.cases import CASES, distinct_targets, inputs_for
from tests.compiler.models import golden
from tinydf.compiler import write_compiled
from tinydf.compiler.host import HostEngine


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_equals_tflm(name: str, seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    model = CASES[name](rng)
    compiled = distinct_targets(model)
    inputs = inputs_for(rng, compiled["generic"].plan.input.shape[1:])
    expected = golden(model, inputs)
    assert next(iter(compiled)) == "generic"
    for target, one in compiled.items():
        write_compiled(one, tmp_path)
        outputs = HostEngine(tmp_path).run(inputs).reshape(expected.shape)
        np.testing.assert_array_equal(outputs, expected, f"target {target}")

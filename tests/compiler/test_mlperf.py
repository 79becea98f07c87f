# SPDX-License-Identifier: Apache-2.0
"""MLPerf Tiny's four models, as published: three have float edges, which are taken off."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.mlperf_tiny import MODELS, models
from tests.compiler.cases import inputs_for
from tests.compiler.models import golden
from tinydf.compiler import TARGETS, compile_model, write_compiled
from tinydf.compiler.host import HostEngine


@pytest.fixture(scope="module")
def published() -> dict[str, bytes]:
    return models()


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", MODELS)
def test_equals_tflm(name: str, target: str, published: dict[str, bytes], tmp_path: Path) -> None:
    compiled = compile_model(published[name], target=target)
    write_compiled(compiled, tmp_path)
    engine = HostEngine(tmp_path)
    inputs = inputs_for(np.random.default_rng(0), engine.input_shape, 4)
    expected = golden(published[name], inputs, compiled.plan)
    np.testing.assert_array_equal(engine.run(inputs).reshape(expected.shape), expected)

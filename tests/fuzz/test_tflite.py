# SPDX-License-Identifier: Apache-2.0
"""A short run of the fuzzer; `make fuzz` has the long one."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.cases import CASES
from tests.compiler.models import golden
from tests.fuzz.interpreter import CrashedError, Interpreter, RefusedError
from tests.fuzz.tflite import Fuzz, beside_tflm, fuzz
from tinydf.compiler import compile_model


def test_mutated_models_compile_or_give_one_error(sanitized_kernels: Path, tmp_path: Path) -> None:
    tally = fuzz(Fuzz(seed=1, run_every=15, keep=tmp_path), first=0, cases=500, kernels=sanitized_kernels)
    assert not tally.failures
    assert tally.counts["refused"] > 150
    assert tally.counts["compiled"] > 100
    assert tally.counts["equal to TFLM"] > 5
    assert tally.counts["run"] == sum(count for outcome, count in tally.counts.items() if "TFLM" in outcome)


def test_a_wrong_byte_is_a_failure() -> None:
    rng = np.random.default_rng(3)
    model = CASES["add"](rng)
    compiled = compile_model(model)
    inputs = rng.integers(-128, 128, (2, *compiled.plan.input.shape)).astype(np.int8)
    outputs = golden(model, inputs).reshape(-1)
    with Interpreter() as tflm:
        assert beside_tflm(compiled, model, outputs, inputs, tflm) == "equal to TFLM"
        outputs[-1] ^= 1
        with pytest.raises(AssertionError, match="not TFLM's bytes"):
            beside_tflm(compiled, model, outputs, inputs, tflm)


def test_a_crash_of_the_interpreter_is_its_own() -> None:
    rng = np.random.default_rng(3)
    model = CASES["add"](rng)
    plan = compile_model(model).plan
    inputs = rng.integers(-128, 128, (1, *plan.input.shape)).astype(np.int8)
    with Interpreter() as tflm:
        with pytest.raises(RefusedError, match="unpack_from requires"):
            tflm.run(model[:40], inputs, plan)
        assert tflm.process is not None and tflm.process.pid is not None
        os.kill(tflm.process.pid, 11)
        with pytest.raises(CrashedError):
            tflm.run(model, inputs, plan)
        np.testing.assert_array_equal(tflm.run(model, inputs, plan), golden(model, inputs))

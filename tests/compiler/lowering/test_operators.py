# SPDX-License-Identifier: Apache-2.0
"""Every operator gives the very bytes that TFLM's interpreter gives, over random shapes, scales and zero points."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.batch import Trial, build_kernels, check
from tests.compiler.cases import CASES, distinct_targets, inputs_for
from tests.once import made_once

FLAGS = ("-std=c11", "-O3")
MODELS = 12
"""Of each case, other ones in every run; a failure says from which seed a model was drawn."""


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All kernels, as the host's engine has them."""
    return made_once(tmp_path_factory, "host-kernels", lambda base: build_kernels(base, FLAGS)) / "kernels.o"


@pytest.mark.parametrize("name", CASES)
def test_equals_tflm(name: str, kernels: Path, tmp_path: Path) -> None:
    check([trial for seed in drawn() for trial in trials(name, seed)], kernels, FLAGS, tmp_path)


def drawn() -> list[int]:
    """Seeds that no run has had before."""
    return [int(seed) for seed in np.random.SeedSequence().generate_state(MODELS)]


def trials(name: str, seed: int) -> Iterator[Trial]:
    """A model of a case for each target that has C of its own."""
    rng = np.random.default_rng(seed)
    model = CASES[name](rng)
    compiled = distinct_targets(model)
    inputs = inputs_for(rng, compiled["generic"].plan.input.shape[1:])
    for target, one in compiled.items():
        yield Trial(f"{name}, seed {seed}, target {target}", model, one, inputs)

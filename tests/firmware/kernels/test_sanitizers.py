# SPDX-License-Identifier: Apache-2.0
"""Every kernel, under the address and undefined-behaviour sanitizers: no stray access, and still TFLM's bytes."""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.batch import SANITIZERS, Trial, build_kernels, check
from tests.compiler.cases import CASES, Case, distinct_targets, inputs_for
from tests.compiler.fusion.test_cascades import any_price
from tests.once import made_once
from tinydf.compiler import Compiled
from tinydf.resources import KERNELS

SEEDS = range(4)
RARE_SEEDS = {"add": (14, 15), "sub": (15,), "depthwise_conv_2d": (11,), "maximum": (26,)}
"""Further ones, without which a fault of `tests/mutants.py` is not found."""
CASCADE_SEEDS = (4, 7, 9)

PLAIN_C = ("-DTDF_PLAIN_C",)
# Target and how its kernels are built: on this machine's SSE2, or in plain C as on machines without it.
BUILDS = {
    "generic": ("generic", ()),
    "armv7e-m": ("armv7e-m", ()),
    "armv7e-m, plain C": ("armv7e-m", PLAIN_C),
    "armv8.1-m": ("armv8.1-m", ()),
    "rv32imc": ("rv32imc", ()),
}


@pytest.fixture(scope="session")
def kernels(sanitized_kernels: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Path]:
    """All kernels, built once with the sanitizers for each set of flags."""
    plain = partial(build_kernels, flags=(*SANITIZERS, *PLAIN_C))
    return {(): sanitized_kernels, PLAIN_C: made_once(tmp_path_factory, "plain-kernels", plain) / "kernels.o"}


@pytest.mark.parametrize("name", CASES)
def test_clean_and_equal(name: str, kernels: dict[tuple[str, ...], Path], tmp_path: Path) -> None:
    check_all([(seed, CASES[name]) for seed in seeds(name)], kernels, tmp_path)


def test_cascades_are_clean_and_equal(
    kernels: dict[tuple[str, ...], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    any_price(monkeypatch)
    tried = check_all([(seed, CASES["wide_cascade"]) for seed in CASCADE_SEEDS], kernels, tmp_path)
    assert all(any(layer.stripe_rows for layer in trial.compiled.plan.layers) for trial in tried)


@pytest.mark.slow
def test_no_kernel_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two tests above call every function of kernels.h."""
    models = [CASES[name](np.random.default_rng(seed)) for name in CASES for seed in seeds(name)]
    called = {name for model in models for compiled, _ in builds(model).values() for name in names_in(compiled.source)}
    any_price(monkeypatch)
    for seed in CASCADE_SEEDS:
        cascades = builds(CASES["wide_cascade"](np.random.default_rng(seed)))
        called |= {name for compiled, _ in cascades.values() for name in names_in(compiled.source)}
    header = (KERNELS / "include" / "kernels.h").read_text(encoding="utf-8")
    declared = set(re.findall(r"^void (\w+)\(", header, re.MULTILINE))
    assert len(declared) > 50
    assert declared <= called


def seeds(name: str) -> tuple[int, ...]:
    """The seeds that a case is drawn from."""
    return (*SEEDS, *RARE_SEEDS.get(name, ()))


def names_in(source: str) -> set[str]:
    """All identifiers of a C source."""
    return set(re.findall(r"\w+", re.sub(r"//.*", "", source)))


def builds(model: bytes) -> dict[str, tuple[Compiled, tuple[str, ...]]]:
    """A model compiled for each build of `BUILDS` whose C, or whose kernels' C, differs from those before it."""
    distinct = distinct_targets(model)
    return {name: (distinct[target], flags) for name, (target, flags) in BUILDS.items() if target in distinct}


def check_all(draws: list[tuple[int, Case]], kernels: dict[tuple[str, ...], Path], directory: Path) -> list[Trial]:
    """Run models with the sanitizers, for each of their builds, and compare their outputs with TFLM's."""
    trials: dict[tuple[str, ...], list[Trial]] = {flags: [] for flags in kernels}
    for seed, case in draws:
        rng = np.random.default_rng(seed)
        model = case(rng)
        built = builds(model)
        inputs = inputs_for(rng, built["generic"][0].plan.input.shape[1:])
        for build, (compiled, flags) in built.items():
            trials[flags].append(Trial(f"seed {seed}, {build}", model, compiled, inputs))
    assert len(trials[()]) >= len(draws)
    for number, (flags, tried) in enumerate(trials.items()):
        if tried:
            check(tried, kernels[flags], SANITIZERS, directory / str(number))
    return [trial for tried in trials.values() for trial in tried]

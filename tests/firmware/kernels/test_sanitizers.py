"""Every kernel, under the address and undefined-behaviour sanitizers: no stray access, and still TFLM's bytes."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.cases import CASES, distinct_targets, inputs_for
from tests.compiler.fusion.test_cascades import any_price
from tests.compiler.models import golden
from tinydf.compiler import Compiled, write_compiled
from tinydf.resources import FIRMWARE, KERNELS

SEEDS = range(4)
RARE_SEEDS = {"add": (14, 15), "sub": (15,), "depthwise_conv_2d": (11,), "maximum": (26,)}
"""Further ones, without which a fault of `tests/mutants.py` is not found."""
CASCADE_SEEDS = (4, 7, 9)
FLAGS = (
    "-std=c11",
    "-O1",
    "-g",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
)
INCLUDES = (f"-I{FIRMWARE}", f"-I{KERNELS / 'include'}")
ENGINE = FIRMWARE / "engine" / "aot" / "engine.c"


# Target and how its kernels are built: on this machine's SSE2, or in plain C as on machines without it.
BUILDS = {
    "generic": ("generic", ()),
    "armv7e-m": ("armv7e-m", ()),
    "armv7e-m, plain C": ("armv7e-m", ("-DTDF_PLAIN_C",)),
    "armv8.1-m": ("armv8.1-m", ()),
    "rv32imc": ("rv32imc", ()),
}


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Path]:
    """All kernels, built once with the sanitizers for each set of flags."""
    directory = tmp_path_factory.mktemp("kernels")
    sources = [str(path) for path in sorted(KERNELS.glob("*/*.c"))]
    made = {}
    for number, flags in enumerate({flags for _, flags in BUILDS.values()}):
        made[flags] = directory / f"kernels-{number}.o"
        subprocess.run(["cc", *FLAGS, *flags, *INCLUDES, "-r", *sources, "-o", str(made[flags])], check=True)
    return made


@pytest.mark.parametrize("name", CASES)
def test_clean_and_equal(name: str, kernels: dict[tuple[str, ...], Path], tmp_path: Path) -> None:
    for seed in (*SEEDS, *RARE_SEEDS.get(name, ())):
        rng = np.random.default_rng(seed)
        model = CASES[name](rng)
        built = builds(model)
        assert "generic" in built
        for build, (compiled, flags) in built.items():
            check(model, compiled, rng, kernels[flags], tmp_path / f"{seed}-{build}")


def test_cascades_are_clean_and_equal(
    kernels: dict[tuple[str, ...], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    any_price(monkeypatch)
    for seed in CASCADE_SEEDS:
        rng = np.random.default_rng(seed)
        model = CASES["wide_cascade"](rng)
        built = builds(model)
        assert "generic" in built
        for build, (compiled, flags) in built.items():
            assert any(layer.stripe_rows for layer in compiled.plan.layers)
            check(model, compiled, rng, kernels[flags], tmp_path / f"{seed}-{build}")


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


def check(model: bytes, compiled: Compiled, rng: np.random.Generator, kernels: Path, directory: Path) -> None:
    """Build a compiled model with the sanitizers and compare its outputs with TFLM's."""
    write_compiled(compiled, directory)
    program = directory / "program"
    sources = [str(directory / "model_aot.c"), str(Path(__file__).with_name("driver.c")), str(ENGINE), str(kernels)]
    subprocess.run(["cc", *FLAGS, *INCLUDES, f"-I{directory}", *sources, "-o", str(program)], check=True)
    inputs = inputs_for(rng, compiled.plan.input.shape[1:])
    result = subprocess.run([program], input=inputs.tobytes(), capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    expected = golden(model, inputs)
    np.testing.assert_array_equal(np.frombuffer(result.stdout, np.int8).reshape(expected.shape), expected)

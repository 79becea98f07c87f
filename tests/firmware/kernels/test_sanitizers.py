"""Every kernel, under the address and undefined-behaviour sanitizers: no stray access, and still TFLM's bytes."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.cases import CASES, inputs_for, kernels_of
from tests.compiler.models import golden
from tests.compiler.test_chains import any_price
from tinydf.compiler import Compiled, compile_model, write_compiled
from tinydf.resources import FIRMWARE

SEEDS = range(3)
CHAIN_SEEDS = (4, 7, 9)
FLAGS = (
    "-std=c11",
    "-O1",
    "-g",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
)
INCLUDES = (f"-I{FIRMWARE / 'engine'}", f"-I{FIRMWARE / 'kernels'}")


# Target and how its kernels are built: on this machine's SSE2, or in plain C as on machines without it.
BUILDS = {
    "generic": ("generic", ()),
    "armv7e-m": ("armv7e-m", ()),
    "armv7e-m, plain C": ("armv7e-m", ("-DTINYDF_PLAIN_C",)),
    "armv8.1-m": ("armv8.1-m", ()),
    "rv32imc": ("rv32imc", ()),
}


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Path]:
    """All kernels, built once with the sanitizers for each set of flags."""
    directory = tmp_path_factory.mktemp("kernels")
    sources = [str(path) for path in sorted((FIRMWARE / "kernels").glob("*.c"))]
    made = {}
    for number, flags in enumerate({flags for _, flags in BUILDS.values()}):
        made[flags] = directory / f"kernels-{number}.o"
        subprocess.run(["cc", *FLAGS, *flags, *INCLUDES, "-r", *sources, "-o", str(made[flags])], check=True)
    return made


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("name", CASES)
def test_clean_and_equal(name: str, build: str, kernels: dict[tuple[str, ...], Path], tmp_path: Path) -> None:
    target, flags = BUILDS[build]
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        model = CASES[name](rng)
        compiled = compile_model(model, target=target)
        if target == "generic" or kernels_of(compiled) != kernels_of(compile_model(model)):
            check(model, compiled, rng, kernels[flags], tmp_path / str(seed))


@pytest.mark.parametrize("build", BUILDS)
def test_chains_are_clean_and_equal(
    build: str, kernels: dict[tuple[str, ...], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, flags = BUILDS[build]
    any_price(monkeypatch)
    for seed in CHAIN_SEEDS:
        rng = np.random.default_rng(seed)
        model = CASES["wide_chain"](rng)
        compiled = compile_model(model, target=target)
        assert any(layer.band for layer in compiled.plan.layers)
        check(model, compiled, rng, kernels[flags], tmp_path / str(seed))


def check(model: bytes, compiled: Compiled, rng: np.random.Generator, kernels: Path, directory: Path) -> None:
    """Build a compiled model with the sanitizers and compare its outputs with TFLM's."""
    write_compiled(compiled, directory)
    program = directory / "program"
    sources = [str(directory / "model_aot.c"), str(Path(__file__).with_name("driver.c")), str(kernels)]
    subprocess.run(["cc", *FLAGS, *INCLUDES, f"-I{directory}", *sources, "-o", str(program)], check=True)
    inputs = inputs_for(rng, compiled.plan.input.shape[1:])
    result = subprocess.run([program], input=inputs.tobytes(), capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    expected = golden(model, inputs)
    np.testing.assert_array_equal(np.frombuffer(result.stdout, np.int8).reshape(expected.shape), expected)

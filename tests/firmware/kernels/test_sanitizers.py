"""Every kernel, under the address and undefined-behaviour sanitizers: no stray access, and still TFLM's bytes."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.cases import CASES, inputs_for
from tests.compiler.models import golden
from tinydf.compiler import TARGETS, compile_model, write_compiled
from tinydf.resources import FIRMWARE

SEEDS = range(4)
FLAGS = (
    "-std=c11",
    "-O1",
    "-g",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
)
INCLUDES = (f"-I{FIRMWARE / 'engine'}", f"-I{FIRMWARE / 'kernels'}")


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All kernels, built once with the sanitizers."""
    made = tmp_path_factory.mktemp("kernels") / "kernels.o"
    sources = [str(path) for path in sorted((FIRMWARE / "kernels").glob("*.c"))]
    subprocess.run(["cc", *FLAGS, *INCLUDES, "-r", *sources, "-o", str(made)], check=True)
    return made


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CASES)
def test_clean_and_equal(name: str, target: str, kernels: Path, tmp_path: Path) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        model = CASES[name](rng)
        directory = tmp_path / str(seed)
        compiled = compile_model(model, target=target)
        write_compiled(compiled, directory)
        program = directory / "program"
        sources = [str(directory / "model_aot.c"), str(Path(__file__).with_name("driver.c")), str(kernels)]
        subprocess.run(["cc", *FLAGS, *INCLUDES, f"-I{directory}", *sources, "-o", str(program)], check=True)
        inputs = inputs_for(rng, compiled.plan.input.shape[1:])
        result = subprocess.run([program], input=inputs.tobytes(), capture_output=True, check=False)
        assert result.returncode == 0, result.stderr.decode()
        expected = golden(model, inputs)
        np.testing.assert_array_equal(np.frombuffer(result.stdout, np.int8).reshape(expected.shape), expected)

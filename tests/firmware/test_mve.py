"""The MVE kernels as instructions, on QEMU's Cortex-M55: TFLM's bytes over random layers."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.compiler.cases import CASES, inputs_for, kernels_of
from tests.compiler.models import golden
from tinydf.boards import board as boards
from tinydf.compiler import compile_model, target_of, write_compiled
from tinydf.resources import FIRMWARE

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"),
    pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="no qemu-system-arm"),
]

SEEDS = range(100, 110)
NAMES = (
    "conv_2d",
    "pointwise",
    "depthwise_conv_2d",
    "fully_connected",
    "padded_convolution",
    "network",
    "add",
    "sub",
    "average_pool_2d",
    "mul",
    "maximum",
    "mean",
    "logistic",
)
BOARD = boards.load("mps3-an547")
PROGRAM = Path(__file__).parent / "mps3"
INCLUDES = (f"-I{FIRMWARE / 'engine'}", f"-I{FIRMWARE / 'kernels'}")
COMPILER = ("arm-none-eabi-gcc", *BOARD.toolchain.flags, "-O3", "-std=c11", "-ffunction-sections", *INCLUDES)
QEMU = ("qemu-system-arm", "-M", "mps3-an547", "-nodefaults", "-display", "none", "-semihosting")


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kernels that generated code for the Cortex-M55 calls."""
    directory = tmp_path_factory.mktemp("kernels")
    sources = [str(path) for path in sorted((FIRMWARE / "kernels").glob("*.c")) if "rv32" not in path.stem]
    flags = ("-Wall", "-Wextra", "-Wconversion", "-Werror", "-r", "-nostdlib")
    subprocess.run([*COMPILER, *flags, *sources, "-o", str(directory / "kernels.o")], check=True)
    return directory / "kernels.o"


@pytest.mark.parametrize("name", NAMES)
def test_equals_tflm(name: str, kernels: Path, tmp_path: Path) -> None:
    ran = 0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        model = CASES[name](rng)
        compiled = compile_model(model, target=target_of(BOARD.core.name))
        if not any(kernel.endswith("_mve") for kernel in kernels_of(compiled)):
            continue
        inputs = inputs_for(rng, compiled.plan.input.shape[1:])
        expected = golden(model, inputs)
        write_compiled(compiled, tmp_path)
        np.testing.assert_array_equal(_run(tmp_path, kernels, inputs).reshape(expected.shape), expected, str(seed))
        ran += 1
    assert ran


def _run(directory: Path, kernels: Path, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    (directory / "inputs").write_bytes(inputs.tobytes())
    sources = [str(directory / "model_aot.c"), str(PROGRAM / "files.c"), str(kernels)]
    linking = ["-nostartfiles", "-specs=rdimon.specs", f"-T{PROGRAM / 'files.ld'}", "-Wl,--gc-sections"]
    defines = [f'-DTEST_DIRECTORY="{directory}"', f"-I{directory}"]
    elf = str(directory / "program.elf")
    subprocess.run([*COMPILER, *defines, *sources, *linking, "-o", elf], check=True, capture_output=True)
    subprocess.run([*QEMU, "-kernel", elf], check=True, capture_output=True, timeout=60)
    return np.frombuffer((directory / "outputs").read_bytes(), np.int8)

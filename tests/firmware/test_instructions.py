# SPDX-License-Identifier: Apache-2.0
"""The kernels in instructions of their own, DSP and MVE, on QEMU's boards: TFLM's bytes over random layers."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.compiler.cases import CASES, inputs_for, kernels_of
from tests.compiler.models import golden
from tinydf.boards import board as boards
from tinydf.compiler import compile_model, target_of, write_compiled
from tinydf.resources import KERNELS

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"),
    pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="no qemu-system-arm"),
]

SEEDS = range(100, 150)
MODELS = 8
"""So many models of each kind, the first that call a kernel of the core's own."""
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
    "prelu",
)
PROGRAM = Path(__file__).parent / "mps"
QEMU = ("qemu-system-arm", "-nodefaults", "-display", "none", "-semihosting")
INCLUDES = (f"-I{KERNELS / 'include'}",)


@dataclass(frozen=True)
class Machine:
    """A board of QEMU's: where its memories are, and how the kernels of its core are called."""

    board: str
    vectors: int
    flash: int
    ram: int
    suffixes: tuple[str, ...]
    without: tuple[str, ...] = ()

    @property
    def core(self) -> str:
        return boards.load(self.board).core.name

    @property
    def compiler(self) -> list[str]:
        flags = boards.load(self.board).toolchain.flags
        return ["arm-none-eabi-gcc", *flags, "-O3", "-std=c11", "-ffunction-sections", *INCLUDES]

    @property
    def linking(self) -> list[str]:
        places = {"vectors_start": self.vectors, "flash_start": self.flash, "ram_start": self.ram}
        return [f"-Wl,--defsym={name}={place:#x}" for name, place in places.items()]


MACHINES = (
    Machine("mps2-an500", 0x0, 0x400, 0x2000_0000, ("_dsp", "_linear"), without=("sub", "logistic")),
    Machine("mps3-an547", 0x1000_0000, 0x1100_0000, 0x3100_0000, ("_mve",)),
)


@pytest.fixture(scope="module", params=MACHINES, ids=lambda machine: machine.board)
def machine(request: pytest.FixtureRequest) -> Machine:
    chosen: Machine = request.param
    return chosen


@pytest.fixture(scope="module")
def kernels(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kernels that generated code for the machine's core calls."""
    directory = tmp_path_factory.mktemp("kernels")
    others = ("rv32",) if machine.suffixes == ("_mve",) else ("rv32", "mve")
    sources = [str(path) for path in sorted(KERNELS.glob("*/*.c")) if path.parent.name not in others]
    flags = ("-Wall", "-Wextra", "-Wconversion", "-Werror", "-r", "-nostdlib")
    subprocess.run([*machine.compiler, *flags, *sources, "-o", str(directory / "kernels.o")], check=True)
    return directory / "kernels.o"


@pytest.mark.parametrize("name", NAMES)
def test_equals_tflm(name: str, machine: Machine, kernels: Path, tmp_path: Path) -> None:
    if name in machine.without:
        pytest.skip("the core has no kernel of its own for it")
    ran = 0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        model = CASES[name](rng)
        compiled = compile_model(model, target=target_of(machine.core).name)
        if not any(kernel.endswith(machine.suffixes) for kernel in kernels_of(compiled)):
            continue
        inputs = inputs_for(rng, compiled.plan.input.shape[1:])
        expected = golden(model, inputs)
        write_compiled(compiled, tmp_path)
        outputs = _run(machine, tmp_path, kernels, inputs)
        np.testing.assert_array_equal(outputs.reshape(expected.shape), expected, str(seed))
        ran += 1
        if ran == MODELS:
            break
    assert ran


def _run(machine: Machine, directory: Path, kernels: Path, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    (directory / "inputs").write_bytes(inputs.tobytes())
    sources = [str(directory / "model_aot.c"), str(PROGRAM / "files.c"), str(kernels)]
    linking = ["-nostartfiles", "-specs=rdimon.specs", f"-T{PROGRAM / 'files.ld'}", "-Wl,--gc-sections"]
    defines = [f'-DTEST_DIRECTORY="{directory}"', f"-I{directory}"]
    elf = str(directory / "program.elf")
    subprocess.run(
        [*machine.compiler, *defines, *sources, *linking, *machine.linking, "-o", elf], check=True, capture_output=True
    )
    subprocess.run([*QEMU, "-M", machine.board, "-kernel", elf], check=True, capture_output=True, timeout=60)
    return np.frombuffer((directory / "outputs").read_bytes(), np.int8)

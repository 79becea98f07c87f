# SPDX-License-Identifier: Apache-2.0
"""The RV32 kernels, whose inner loops are assembly, on the emulated ESP32-C3: the very bytes that TFLM gives."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.cases import CASES, inputs_for, kernels_of
from tests.compiler.models import golden
from tests.firmware.board import ESP32C3, built, chip_of, emulated
from tinydf.compiler import compile_model
from tinydf.compiler.compile import Compiled
from tinydf.compiler.targets.rv32imc.pack import can_pair, interleave_weights
from tinydf.link.client import Connection

CRYSTAL_HZ = 40_000_000
MODELS = 3  # of each kind

# Kernels in assembly, and a case whose models call them.
ASSEMBLY = {
    "conv_2d_rv32": "conv_2d",
    "pointwise_rv32": "pointwise",
    "depthwise_3x3_rv32": "network",
    "dense_rv32": "fully_connected",
}


def _models(kernel: str) -> list[tuple[bytes, Compiled, np.random.Generator]]:
    """The first models of a case that call the kernel and that the firmware can carry."""
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        model = CASES[ASSEMBLY[kernel]](rng)
        compiled = compile_model(model, target="rv32imc")
        if kernel in kernels_of(compiled) and 2 <= int(np.prod(compiled.plan.output.shape)) <= 256:
            found.append((model, compiled, rng))
        if len(found) == MODELS:
            break
    return found


@pytest.mark.emulator
@pytest.mark.skipif(shutil.which("riscv64-unknown-elf-gcc") is None, reason="no riscv64-unknown-elf-gcc")
@pytest.mark.parametrize("kernel", ASSEMBLY)
def test_equals_tflm_on_the_chip(kernel: str, tmp_path: Path) -> None:
    models = _models(kernel)
    assert models
    for model, compiled, rng in models:
        inputs = inputs_for(rng, compiled.plan.input.shape[1:])
        elf = built(tmp_path, target=ESP32C3, compiled=compiled)
        with emulated(chip_of(ESP32C3), elf, CRYSTAL_HZ) as port, Connection(port) as board:
            results = [board.infer(number, one.tobytes()) for number, one in enumerate(inputs)]
        outputs = np.stack([np.frombuffer(result.output, np.int8) for result in results])
        np.testing.assert_array_equal(outputs, golden(model, inputs).reshape(outputs.shape))
        assert all(result.arena_intact for result in results)


def test_weights_are_interleaved_by_four_channels() -> None:
    weights = np.arange(-15, 15).reshape(5, 6)
    packed = interleave_weights(weights)
    assert packed.shape == (2, 8, 4)
    np.testing.assert_array_equal(packed[0, 1], weights[:4, 1])
    np.testing.assert_array_equal(packed[1, :6, 0], weights[4])
    assert not packed[:, 6:].any()
    assert not packed[1, :, 1:].any()


def test_what_two_products_of_a_pair_may_be() -> None:
    """Only two neighbours of -128 can make a sum of 2^15, which a half has no room for."""
    assert can_pair(np.array([[-128, -127, 3], [5, 6, -128]]))
    assert can_pair(np.array([[7, -128, -128]]))
    assert not can_pair(np.array([[1, 2, 3, 4], [0, 0, -128, -128]]))

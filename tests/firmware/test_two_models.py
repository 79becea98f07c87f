# SPDX-License-Identifier: Apache-2.0
"""Two models in one firmware, on an emulated board: one arena in turn, and the bytes of TFLM's interpreter."""

from pathlib import Path

import numpy as np
import pytest

from tests.compiler.cases import CASES, inputs_for
from tests.compiler.models import golden
from tests.firmware.board import NUCLEO, built, running
from tinydf.compiler import compile_model
from tinydf.link.client import Connection

pytestmark = pytest.mark.emulator


def test_two_models_in_one_firmware(tmp_path: Path) -> None:
    models = {name: CASES["network"](np.random.default_rng(seed)) for name, seed in (("first", 3), ("second", 11))}
    compiled = tuple(compile_model(model, name=name) for name, model in models.items())
    elf = built(tmp_path, target=NUCLEO, models=compiled)
    inputs = [inputs_for(np.random.default_rng(1), one.plan.input.shape[1:])[:2] for one in compiled]
    expected = [golden(model, given) for model, given in zip(models.values(), inputs, strict=True)]
    with running(NUCLEO, elf) as port, Connection(port) as board:
        board.hello()
        for number in range(2):
            answer = board.infer(number, b"".join(given[number].tobytes() for given in inputs))
            assert answer.arena_intact
            assert answer.output == b"".join(one[number].tobytes() for one in expected)

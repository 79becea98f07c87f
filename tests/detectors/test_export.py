# SPDX-License-Identifier: Apache-2.0
"""Every compact detector's blocks in int8: plain operators, TFLM's bytes in the compiled engine.

Two small networks have all kinds of blocks, for a conversion takes as long as a detector is deep. `make
bench-detectors` converts the whole detectors and compares their bytes on the emulated board.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.untrained import fit, noise
from tinydf.compiler import compile_model, write_compiled
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.host.check import first_difference
from tinydf.detectors import micronet, mobilenet_v2, mobilenet_v3, resnet_8
from tinydf.detectors.layers import classifier
from tinydf.export.onnx import run_torch, to_onnx
from tinydf.export.tflite import Int8Model, convert, run_float

pytestmark = [pytest.mark.export, pytest.mark.slow]

SIZE = 32
PLAIN = {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MUL", "MEAN", "RESHAPE", "HARD_SWISH"}
SHIFTED = {"TRANSPOSE", "STRIDED_SLICE", "CONCATENATION", "MAXIMUM"}


class Blocks(nn.Module):  # type: ignore[misc]
    """What MobileNetV2, MobileNetV3-small and ResNet-8 are made of, one after another."""

    def __init__(self) -> None:
        super().__init__()
        wide = mobilenet_v3.Row(5, 48, 16, True, nn.Hardswish, 2)
        self.blocks = nn.Sequential(
            resnet_8.ResNet8(resnet_8.Options(stride=2)).first,
            resnet_8.Block(16, 16, 1),
            resnet_8.Block(16, 24, 2),
            mobilenet_v2.Block(24, 24, 2, 1),
            mobilenet_v2.Block(24, 16, 2, 1),
            mobilenet_v3.Block(16, 48, 16, wide._replace(stride=1)),
            mobilenet_v3.Block(16, 48, 16, wide),
            nn.AdaptiveAvgPool2d(1),
            classifier(16, 2),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.blocks(images).flatten(1)


def _small_micronet(monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """A MicroNet with a block of each kind, and somewhere as many channels as rows and columns."""
    rows = (
        micronet._depthwise(2, 8, 3, 4, 2),
        micronet._pointwise(1, 8, 3, 4, 4, 4, 1),
        micronet._pointwise(2, 16, 5, 4, 8, 4, 1),
        micronet._last(32, 2, 4),
    )
    monkeypatch.setitem(micronet.SIZES, "m0", micronet.SIZES["m0"]._replace(rows=rows, width=24))
    return micronet.MicroNet(micronet.Options(size="m0"))


@pytest.mark.parametrize("network", ["blocks", "micronet"])
def test_int8_of_plain_operators_has_tflms_bytes(network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    images = noise(SIZE, seed=3)
    model = fit(Blocks() if network == "blocks" else _small_micronet(monkeypatch), images)
    float_tflite, models = convert(to_onnx(model, SIZE), images, ["minmax"])
    tflite = models["minmax"]

    exact = run_torch(model, images)
    assert np.ptp(exact, axis=0).min() > 1e-4
    np.testing.assert_allclose(run_float(float_tflite, images), exact, atol=1e-5)

    kinds = {operator.kind for operator in read_model(tflite).operators}
    assert kinds <= (PLAIN if network == "blocks" else PLAIN | SHIFTED)
    Int8Model(tflite, network, per_channel=True)
    compiled = compile_model(tflite)
    write_compiled(compiled, tmp_path)
    assert first_difference(tflite, compiled.plan, tmp_path) is None

# SPDX-License-Identifier: Apache-2.0
"""What several detectors are made of, written so that int8 TFLite gets plain operators."""

import torch.nn.functional as F
from torch import Tensor, nn


class SameConv2d(nn.Conv2d):  # type: ignore[misc]
    """A convolution without bias, padded by TensorFlow's rule: at stride 2 an even side is padded at its end alone.

    That is what the SAME padding of a .tflite does in passing; torch's padding on all sides costs a copy of the tensor.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        groups: int = 1,
    ) -> None:
        """Make the layer; `kernel` is odd."""
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.strided = max(self.stride) > 1
        if not self.strided:
            self.padding = tuple(taps // 2 for taps in self.kernel_size)

    def forward(self, features: Tensor) -> Tensor:
        if self.strided:
            height, width = (
                _same(int(side), taps, step)
                for side, taps, step in zip(features.shape[2:], self.kernel_size, self.stride, strict=True)
            )
            features = F.pad(features, width + height)
        return super().forward(features)


class HardSigmoid(nn.Module):  # type: ignore[misc]
    """min(max(x + 3, 0), 6) / 6, by operators that stay int8 (torch's own leaves a float island)."""

    def forward(self, features: Tensor) -> Tensor:
        return F.relu6(features + 3) * (1 / 6)


def normalised(convolution: nn.Conv2d, *activation: nn.Module) -> nn.Sequential:
    """A convolution, its batch normalisation, and what follows."""
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), *activation)


def classifier(channels: int, classes: int) -> nn.Conv2d:
    """A linear layer of features [batch, channels, 1, 1]; as a convolution it has a scale for each class in int8."""
    return nn.Conv2d(channels, classes, 1)


def divisible(filters: float, divisor: int = 8) -> int:
    """A number of channels as MobileNets round it: the nearest multiple of `divisor` that loses less than a tenth."""
    nearest = max(divisor, int(filters + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * filters else nearest + divisor


def initialise(model: nn.Module) -> None:
    """Fresh convolutions by He et al. 2015 (arXiv 1502.01852), their spread by what goes out; classifiers by 0.01."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.bias is None and module.weight.requires_grad:
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
        elif isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.normal_(module.weight, 0, 0.01)
            nn.init.zeros_(module.bias)


def _same(side: int, taps: int, step: int) -> tuple[int, int]:
    """TensorFlow's "same" padding before and after a side."""
    total = max((-(-side // step) - 1) * step + taps - side, 0)
    return total // 2, total - total // 2

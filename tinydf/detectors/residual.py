"""A fixed high-pass first layer: what is left of a picture when its content is taken away."""

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

SIDE, STRIDE = 8, 4
LARGEST = 127


class FirstLayerOptions(BaseModel):
    """Of detectors that can have the fixed first layer in place of their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    residuals: int = Field(default=0, ge=0, le=63, description="filters of the fixed first layer; 0: the paper's own")
    residual_gain: float = Field(default=1.5, gt=0, le=64, description="see ResidualBank")


class ResidualBank(nn.Sequential):  # type: ignore[misc]
    """Cosine coefficients of the luminance of overlapping 8x8 patches, clipped on both sides.

    Up-sampling layers betray themselves in the spectrum (Zhang, Karaman, Chang 2019, arXiv 1907.06515) by some grey
    levels, where edges are a hundred high; and 8x8 is the grid on which JPEG, which comes after, rounds the same
    coefficients. As in steganalysis (Fridrich and Kodovsky 2012), filters that sum to zero take the content away; a
    normalisation with ReLU6 around 3 keeps what is small and clips what is large.

    The filters' taps are whole numbers up to 127, which is what int8 per-channel weights hold, for any normalisation
    is folded into them: on the device, too, they sum to zero, and no brightness leaks through.

    There is no padding: every second patch of a picture that begins on JPEG's grid is one of JPEG's blocks.

    Input: float [batch, 3, height, width], RGB in [0, 1].
    Output: float [batch, channels, height / 4 - 1, width / 4 - 1] in [0, 6].
    """

    def __init__(self, channels: int, gain: float) -> None:
        """Make the layer.

        Args:
            channels: how many coefficients, at most 63.
            gain: the normalisation's first slope; residuals beyond `3 / gain` standard deviations are clipped.
        """
        self.channels = channels
        convolution = nn.Conv2d(3, channels, SIDE, stride=STRIDE, bias=False)
        convolution.weight = nn.Parameter(_filters(channels), requires_grad=False)
        normalisation = nn.BatchNorm2d(channels)
        nn.init.constant_(normalisation.weight, gain)
        nn.init.constant_(normalisation.bias, 3.0)
        super().__init__(convolution, normalisation, nn.ReLU6())


def _filters(channels: int) -> Tensor:
    """Products of two cosines as whole numbers, float [channels, 3, 8, 8], in the order in which they help.

    Of each product and its transposed one comes first (training turns its images), and of these the 19 whose
    frequencies add up to an even number: as many of the others tell less, by a linear classifier on validation images.
    """
    pairs = [(row, column) for row in range(SIDE) for column in range(SIDE) if row or column]
    pairs.sort(key=lambda pair: (pair[0] < pair[1], sum(pair) % 2, sum(pair)))
    filters = np.stack([_whole(np.outer(_cosine(row), _cosine(column))) for row, column in pairs[:channels]])
    return torch.from_numpy(filters).to(torch.float32)[:, None].expand(-1, 3, -1, -1).contiguous()


def _cosine(frequency: int) -> NDArray[np.float64]:
    """A basis function of the eight-point discrete cosine transform (DCT-II)."""
    taps: NDArray[np.float64] = np.cos(np.pi * (np.arange(SIDE) + 0.5) * frequency / SIDE)
    return taps


def _whole(taps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Taps scaled to whole numbers; they come in pairs of opposite sign, so that rounding keeps their sum at zero."""
    whole: NDArray[np.float64] = np.round(taps * LARGEST / np.abs(taps).max())
    return whole

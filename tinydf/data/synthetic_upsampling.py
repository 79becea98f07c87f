# SPDX-License-Identifier: Apache-2.0
"""Synthetic up-sampling: what neural up-samplers have in common, done to a real picture by filters drawn at random.

A generator ends in layers that make four pixels of one. Each of the four has weights of its own, which leaves a pattern
of period two (Zhang, Karaman, Chang 2019, arXiv 1907.06515, who synthesise it by training an autoencoder); what the
picture has lost on the way is made up: strong edges come back too sharp, weak texture is smoothed away. Up-samplers
double a picture once; decoders, as of autoencoders, in several steps, from less. A detector that learns from two
generators alone takes others for real; no two of these are alike.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

REDUCTIONS = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
ROUGHNESS = (0.04, 0.16)
"""Standard deviation of the weights that tell one of the four pixels from the others."""


def upsample(image: NDArray[np.uint8], rng: np.random.Generator, most_steps: int = 1) -> NDArray[np.uint8]:
    """A picture reduced and up-sampled again, as one of many possible generators would.

    Args:
        image: uint8 [height, width, 3], as is what is made of it.
        rng: what draws the generator.
        most_steps: 1 to make it from its half; 2 from its quarter as often, in two steps; and so on.
    """
    height, width = image.shape[:2]
    steps = int(rng.integers(1, most_steps + 1))
    less = tuple(-(-side // 2**steps) for side in (width, height))
    made = np.asarray(Image.fromarray(image).resize(less, REDUCTIONS[rng.integers(4)]), np.float32)
    for _ in range(steps):
        made = _double(made, rng)
    return np.clip(np.rint(_make_up_detail(made[:height, :width], rng)), 0, 255).astype(np.uint8)


def _double(half: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Four pixels of one, each by 3x3 weights of its own around those of an interpolation; float [2 h, 2 w, 3]."""
    height, width = half.shape[:2]
    doubled = np.empty((2 * height, 2 * width, 3), np.float32)
    roughness, near = rng.uniform(*ROUGHNESS), rng.uniform(0.65, 0.85)
    for row in range(2):
        for column in range(2):
            weights = np.outer(_line(near, row), _line(near, column)) + roughness * rng.standard_normal((3, 3)) / 3
            weights /= weights.sum()
            for channel in range(3):
                ndimage.correlate(
                    half[..., channel], weights, output=doubled[row::2, column::2, channel], mode="nearest"
                )
    return doubled


def _line(near: float, side: int) -> NDArray[np.float64]:
    """Linear interpolation between a pixel and its neighbour before (0) or behind (1) it."""
    return np.array([1 - near, near, 0.0] if side == 0 else [0.0, near, 1 - near])


def _make_up_detail(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Detail below a level of grey smoothed away, that above it made larger; float [height, width, 3]."""
    smooth = ndimage.gaussian_filter(image, (rng.uniform(0.6, 1.2),) * 2 + (0,))
    detail = image - smooth
    level, most = rng.uniform(0.5, 6.0), rng.uniform(1.0, 2.5)
    strength = np.abs(detail) / (np.abs(detail) + np.float32(level))
    made: NDArray[np.float32] = smooth + np.float32(most) * strength * detail
    return made

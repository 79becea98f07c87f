# SPDX-License-Identifier: Apache-2.0
"""The one way from an image to a model's input: the policy is part of the model and travels in its manifest."""

from math import isqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from tinydf.errors import TinydfError

JPEG_BLOCK = 8


class Preprocess(BaseModel):
    """How an 8-bit RGB image becomes the float input of the model.

    Crops are cut at native resolution: resizing wipes out the traces that a detector looks for. The float input is
    `(pixel / 255 - mean) / std`; detectors that normalise inside the network keep mean 0 and std 1, so that on the
    device the int8 input is nothing but `pixel - 128`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(ge=16, le=512, description="height and width of the input, in pixels")
    crops: Literal[1, 4, 9, 16] = Field(
        default=1, description="of an image to judge: 1 is its centre, more are a square grid from corner to corner"
    )
    colour: Literal["rgb"] = "rgb"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def crop_image(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut the centre of an image, uint8 [height, width, 3] -> uint8 [size, size, 3].

        Raises:
            TinydfError: as `crop_images` does.
        """
        centre: NDArray[np.uint8] = self._cut(image, 1)[0]
        return centre

    def crop_images(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut the crops that an image is judged by, uint8 [height, width, 3] -> uint8 [crops, size, size, 3].

        Where an image is too small for crops that differ, it has fewer.

        Raises:
            TinydfError: if the image is smaller than a crop, or is not 8-bit RGB.
        """
        return self._cut(image, isqrt(self.crops))

    def _cut(self, image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
        """A grid of crops, `side` by `side`, by rows.

        Corners lie on the grid of JPEG's blocks (ITU-T T.81, A.1), which starts at an image's first pixel, so that a
        detector meets the blocks where it learned them.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise TinydfError(f"an image is {image.dtype}{list(image.shape)}, not 8-bit RGB")
        height, width = image.shape[:2]
        if height < self.size or width < self.size:
            raise TinydfError(
                f"an image of {width}x{height} pixels is smaller than the model's {self.size}x{self.size} crop"
            )
        tops, lefts = (_starts(length - self.size, side) for length in (height, width))
        return np.stack([image[y : y + self.size, x : x + self.size] for y in tops for x in lefts])

    def to_float(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Normalise crops, uint8 [..., size, size, 3] -> float32 of the same shape."""
        real = crops.astype(np.float32) / np.float32(255)
        normalised: NDArray[np.float32] = (real - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return normalised


def mean_scores(logits: NDArray[np.floating[Any]], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Scores of images that are judged by several crops: the mean log-odds of "fake".

    Args:
        logits: float [crops, 2], real and fake, image after image.
        counts: int64 [images], how many crops each image has, at least one.

    Returns:
        float64 [images].
    """
    odds = logits[:, 1].astype(np.float64) - logits[:, 0].astype(np.float64)
    sums: NDArray[np.float64] = np.add.reduceat(odds, np.cumsum(counts) - counts)
    return sums / counts


def _starts(room: int, count: int) -> list[int]:
    """Where `count` crops begin in a length with so much `room` beside one, evenly spread, each once."""
    wanted = [room // 2] if count == 1 else [room * k // (count - 1) for k in range(count)]
    return sorted({start // JPEG_BLOCK * JPEG_BLOCK for start in wanted})


def quantise(values: NDArray[np.float32], scale: float, zero_point: int) -> NDArray[np.int8]:
    """Real values to int8 as TFLite's QUANTIZE does: round half away from zero, then saturate."""
    scaled = values.astype(np.float32) / np.float32(scale)
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)) + zero_point
    saturated: NDArray[np.int8] = np.clip(rounded, -128, 127).astype(np.int8)
    return saturated


def dequantise(values: NDArray[np.int8], scale: float, zero_point: int) -> NDArray[np.float32]:
    """int8 to real values: `(value - zero_point) * scale`."""
    return (values.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)

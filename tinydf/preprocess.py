"""The one way from an image to a model's input: the policy is part of the model and travels in its manifest."""

from typing import Literal

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
    crop: Literal["center"] = "center"
    colour: Literal["rgb"] = "rgb"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def crop_image(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut the centre of an image, uint8 [height, width, 3] -> uint8 [size, size, 3].

        The corner lies on the grid of JPEG's blocks (ITU-T T.81, A.1), which starts at an image's first pixel, so that
        a detector meets the blocks where it learned them.

        Raises:
            TinydfError: if the image is smaller than the crop, or is not 8-bit RGB.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise TinydfError(f"an image is {image.dtype}{list(image.shape)}, not 8-bit RGB")
        height, width = image.shape[:2]
        if height < self.size or width < self.size:
            raise TinydfError(
                f"an image of {width}x{height} pixels is smaller than the model's {self.size}x{self.size} crop"
            )
        top, left = (((side - self.size) // 2) // JPEG_BLOCK * JPEG_BLOCK for side in (height, width))
        return image[top : top + self.size, left : left + self.size]

    def to_float(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Crop and normalise, uint8 [height, width, 3] -> float32 [size, size, 3] (HWC)."""
        crop = self.crop_image(image).astype(np.float32) / np.float32(255)
        normalised: NDArray[np.float32] = (crop - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return normalised


def quantise(values: NDArray[np.float32], scale: float, zero_point: int) -> NDArray[np.int8]:
    """Real values to int8 as TFLite's QUANTIZE does: round half away from zero, then saturate."""
    scaled = values.astype(np.float32) / np.float32(scale)
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)) + zero_point
    saturated: NDArray[np.int8] = np.clip(rounded, -128, 127).astype(np.int8)
    return saturated


def dequantise(values: NDArray[np.int8], scale: float, zero_point: int) -> NDArray[np.float32]:
    """int8 to real values: `(value - zero_point) * scale`."""
    return (values.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)

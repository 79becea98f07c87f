"""From an image to a model's input: crops at native resolution, and TFLite's own rounding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinydf.errors import TinydfError
from tinydf.preprocess import Preprocess, dequantise, quantise

PREPROCESS = Preprocess(size=96)


def coordinates(height: int, width: int) -> np.ndarray:
    """An image whose pixels tell where they are."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(height)[:, None], np.arange(width)[None]
    return image


@pytest.mark.parametrize(("height", "width", "top", "left"), [(96, 96, 0, 0), (128, 128, 16, 16), (121, 250, 8, 72)])
def test_crop_is_of_the_centre_and_starts_on_a_jpeg_block(height: int, width: int, top: int, left: int) -> None:
    crop = PREPROCESS.crop_image(coordinates(height, width))
    assert crop.shape == (96, 96, 3)
    assert tuple(crop[0, 0, :2]) == (top, left)


@pytest.mark.parametrize("shape", [(95, 200, 3), (200, 95, 3), (128, 128), (128, 128, 4)])
def test_what_cannot_be_cropped_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(TinydfError, match="image"):
        PREPROCESS.crop_image(np.zeros(shape, np.uint8))


def test_plain_preprocessing_on_the_device_is_pixel_minus_128() -> None:
    pixels = np.arange(256, dtype=np.uint8)
    image = np.broadcast_to(pixels[:, None, None], (256, 256, 3))
    values = Preprocess(size=256).to_float(image)
    assert (quantise(values, float(np.float32(1 / 255)), -128)[:, 0, 0] == pixels.astype(int) - 128).all()


@given(st.integers(-128, 127), st.floats(1e-4, 10), st.integers(-128, 127))
def test_quantising_undoes_dequantising(value: int, scale: float, zero_point: int) -> None:
    one = np.array([value], np.int8)
    assert quantise(dequantise(one, scale, zero_point), scale, zero_point) == one


def test_quantising_rounds_half_away_from_zero_and_saturates() -> None:
    values = np.array([-1e9, -1.5, -0.5, 0.5, 1.5, 1e9], np.float32)
    assert quantise(values, 1.0, 0).tolist() == [-128, -2, -1, 1, 2, 127]

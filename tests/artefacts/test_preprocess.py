# SPDX-License-Identifier: Apache-2.0
"""From an image to a model's input: crops at native resolution, and TFLite's own rounding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from tinydf.artefacts.preprocess import Preprocess, dequantise, mean_scores, quantise
from tinydf.errors import TinydfError

PREPROCESS = Preprocess(size=96)


def coordinates(height: int, width: int) -> NDArray[np.uint8]:
    """An image whose pixels tell where they are."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(height)[:, None], np.arange(width)[None]
    return image


@pytest.mark.parametrize(("height", "width", "top", "left"), [(96, 96, 0, 0), (128, 128, 16, 16), (121, 250, 8, 72)])
def test_crop_is_of_the_centre_and_starts_on_a_jpeg_block(height: int, width: int, top: int, left: int) -> None:
    crop = PREPROCESS.crop_image(coordinates(height, width))
    assert crop.shape == (96, 96, 3)
    assert tuple(crop[0, 0, :2]) == (top, left)


@pytest.mark.parametrize(
    ("crops", "height", "width", "corners"),
    [
        (1, 128, 128, [(16, 16)]),
        (4, 128, 128, [(0, 0), (0, 32), (32, 0), (32, 32)]),
        (4, 96, 131, [(0, 0), (0, 32)]),
        (9, 96, 96, [(0, 0)]),
        (9, 110, 200, [(y, x) for y in (0, 8) for x in (0, 48, 104)]),
        (16, 128, 128, [(y, x) for y in (0, 8, 16, 32) for x in (0, 8, 16, 32)]),
    ],
)
def test_crops_reach_from_corner_to_corner_and_each_is_taken_once(
    crops: int, height: int, width: int, corners: list[tuple[int, int]]
) -> None:
    cut = Preprocess.model_validate({"size": 96, "crops": crops}).crop_images(coordinates(height, width))
    assert cut.shape == (len(corners), 96, 96, 3)
    assert [tuple(one[0, 0, :2]) for one in cut] == corners


@pytest.mark.parametrize("crops", [0, 2, 5, 25])
def test_crops_that_make_no_square_grid_are_refused(crops: int) -> None:
    with pytest.raises(ValidationError, match="crops"):
        Preprocess.model_validate({"size": 96, "crops": crops})


def test_the_score_of_an_image_is_the_mean_over_its_crops() -> None:
    logits = np.array([[0, 1], [1, 0], [0, 4], [2, 2], [2, 5]], np.float32)
    np.testing.assert_array_equal(mean_scores(logits, np.array([2, 1, 2])), [0.0, 4.0, 1.5])


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

# SPDX-License-Identifier: Apache-2.0
"""Synthetic up-sampling: repeatable, of the picture's size, alike to the eye, with the pattern that gives them away."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tinydf.data.synthetic_upsampling import upsample


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    """Waves of up to eight periods, which end where they begin: nothing but low frequencies."""
    waves = np.zeros((128, 65, 3), np.complex128)
    random = np.random.default_rng(0)
    waves[:8, :8] = random.normal(size=(8, 8, 3)) + 1j * random.normal(size=(8, 8, 3))
    values = np.fft.irfft2(waves, axes=(0, 1))
    pixels: NDArray[np.uint8] = np.rint(128 + 100 * values / np.abs(values).max()).astype(np.uint8)
    return pixels


def test_the_same_seed_draws_the_same_generator(picture: NDArray[np.uint8]) -> None:
    one, again, other = (upsample(picture, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("height, width", [(128, 128), (97, 131), (1, 2)])
def test_any_size_stays(height: int, width: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    made = upsample(image, np.random.default_rng(0))
    assert made.shape == image.shape
    assert made.dtype == np.uint8


def test_the_content_stays(picture: NDArray[np.uint8]) -> None:
    errors = [upsample(picture, np.random.default_rng(seed)) - picture.astype(np.float64) for seed in range(50)]
    assert max(np.sqrt(np.mean(error**2)) for error in errors) < 15


def test_the_four_pixels_made_of_one_differ(picture: NDArray[np.uint8]) -> None:
    def mirrored(image: NDArray[np.uint8]) -> float:
        """What lies about the highest vertical frequency: the picture's low ones again, if rows take turns."""
        return float(np.abs(np.fft.fft2(image.mean(2)))[56:73, :8].sum())

    made = [mirrored(upsample(picture, np.random.default_rng(seed))) for seed in range(50)]
    assert np.median(made) > 4 * mirrored(picture)


def test_some_are_made_from_the_quarter_and_others_from_the_half() -> None:
    """Waves of five pixels, which a half still shows and a quarter does not."""
    columns = np.arange(128)
    wave = np.rint(128 + 60 * np.sin(2 * np.pi * columns / 5))
    image = np.broadcast_to(wave[None, :, None], (128, 128, 3)).astype(np.uint8)

    def shown(made: NDArray[np.uint8]) -> float:
        phases = np.exp(-2j * np.pi * columns / 5)
        return float(abs((made.mean((0, 2)) * phases).sum()) / abs((wave * phases).sum()))

    left = np.array([shown(upsample(image, np.random.default_rng(seed), 2)) for seed in range(50)])
    assert 10 < (left < 0.15).sum() < 40
    assert 10 < (left > 0.25).sum() < 40
    assert all(shown(upsample(image, np.random.default_rng(seed))) > 0.25 for seed in range(50))

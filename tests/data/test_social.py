# SPDX-License-Identifier: Apache-2.0
"""Sharing: deterministic, lossy as the platforms are, and fast enough to be done per training sample."""

import io
import time

import click
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from sklearn.datasets import load_sample_image

from tinydf.cli.data import share as share_command
from tinydf.data.dataset import PLATFORMS
from tinydf.data.social import RULES, USUAL, share, share_photograph, share_randomly
from tinydf.errors import TinydfError


@pytest.fixture(scope="module")
def crop() -> NDArray[np.uint8]:
    return np.ascontiguousarray(load_sample_image("china.jpg")[100:228, 200:328])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_sharing_is_deterministic(crop: NDArray[np.uint8], platform: str) -> None:
    assert np.array_equal(share(crop, platform, seed=3), share(crop.copy(), platform, seed=3))


def test_sizes(crop: NDArray[np.uint8]) -> None:
    assert share(crop, "pre_social", 0) is crop
    assert share(crop, "facebook", 0).shape == (96, 96, 3)
    assert share(crop, "telegram", 0).shape == share(crop, "x", 0).shape == (128, 128, 3)
    assert share(crop[:100, :120], "facebook", 0).shape == (100, 120, 3), "never below the model's 96 pixels"


def test_the_seed_and_the_platform_choose_the_quality(crop: NDArray[np.uint8]) -> None:
    assert len({share(crop, "x", seed).tobytes() for seed in range(20)}) == 3  # qualities 85, 86 and 87
    assert any(not np.array_equal(share(crop, "x", seed), share(crop, "telegram", seed)) for seed in range(5))


def test_colour_is_subsampled() -> None:
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2, 0], stripes[:, 1::2, 2] = 255, 255
    shared = share(stripes, "x", 0).astype(int)
    assert np.abs(np.diff(shared[:, :, 0] - shared[:, :, 2], axis=1)).mean() < 60, "510 if colour were kept"


def test_random_sharing_follows_its_generator(crop: NDArray[np.uint8]) -> None:
    first = [share_randomly(crop, np.random.default_rng(seed)) for seed in range(40)]
    again = [share_randomly(crop, np.random.default_rng(seed)) for seed in range(40)]
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert len({one.tobytes() for one in first}) > 25
    assert {one.shape for one in first} == {(96, 96, 3), (128, 128, 3)}


def test_random_sharing_is_fast(crop: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    start = time.process_time()
    for _ in range(200):
        share_randomly(crop, rng)
    assert (time.process_time() - start) / 200 < 0.005


def test_an_unknown_platform(crop: NDArray[np.uint8]) -> None:
    with pytest.raises(
        TinydfError, match="platform 'myspace' is not known: choose one of facebook, telegram, telegram-2560, x"
    ):
        share(crop, "myspace", 0)


def test_a_photograph_comes_back_within_the_platforms_limits() -> None:
    photograph = np.asarray(Image.fromarray(load_sample_image("flower.jpg")).resize((2400, 1800)))
    for platform, size in (("facebook", (960, 720)), ("telegram", (800, 600)), ("x", (1200, 900))):
        with Image.open(io.BytesIO(share_photograph(photograph, [platform], seed=0))) as shared:
            assert (shared.format, shared.size) == ("JPEG", size)
            assert isinstance(shared, JpegImageFile)
            assert shared.layer[0][1:3] == (2, 2), "colour is subsampled"
    square = np.ascontiguousarray(photograph[:1024, :1024])
    with Image.open(io.BytesIO(share_photograph(square, ["facebook"], seed=0))) as shared:
        assert shared.size == (720, 720), "as TrueFace's faces of 1024x1024 come back"


def test_a_chain_is_one_share_after_the_other() -> None:
    photograph = np.asarray(load_sample_image("china.jpg"))
    first = share_photograph(photograph, ["facebook"], seed=1)
    with Image.open(io.BytesIO(first)) as shared:
        second = share_photograph(np.asarray(shared.convert("RGB")), ["telegram"], seed=1)
    assert share_photograph(photograph, ["facebook", "telegram"], seed=1) == second
    assert share_photograph(photograph, ["telegram", "facebook"], seed=1) != second


def test_facebooks_quality_differs_by_picture_and_seed() -> None:
    photograph = np.asarray(load_sample_image("china.jpg"))
    sizes = {len(share_photograph(photograph, ["facebook"], seed)) for seed in range(8)}
    assert len(sizes) > 4 and max(sizes) > 1.3 * min(sizes)
    with pytest.raises(TinydfError, match="no platform is given"):
        share_photograph(photograph, [], seed=0)


def test_telegram_as_measured_on_sent_pictures() -> None:
    photograph = np.asarray(Image.fromarray(load_sample_image("flower.jpg")).resize((3000, 1800)))
    with Image.open(io.BytesIO(share_photograph(photograph, ["telegram-2560"], seed=0))) as shared:
        assert isinstance(shared, JpegImageFile)
        assert (shared.size, shared.info["progressive"], shared.layer[0][1:3]) == ((2560, 1536), 1, (2, 2))
        received, tables = np.asarray(shared), shared.quantization
    box = Image.fromarray(photograph).resize((2560, 1536), Image.Resampling.BOX)
    expected = io.BytesIO()
    box.save(expected, "JPEG", quality=87, subsampling="4:2:0")
    with Image.open(expected) as image:
        assert isinstance(image, JpegImageFile)
        assert image.quantization == tables
        assert np.array_equal(np.asarray(image), received), "progressive is an order of coefficients, not other ones"


def test_profiles_are_data() -> None:
    assert all(rule.source for rule in RULES.values())
    assert set(USUAL) == set(PLATFORMS[1:]) < set(RULES)
    (kind,) = (one.type for one in share_command.params if one.name == "platforms")
    assert isinstance(kind, click.Choice)
    assert list(kind.choices) == list(RULES)

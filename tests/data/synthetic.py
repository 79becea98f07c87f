# SPDX-License-Identifier: Apache-2.0
"""A small real data set for the tests of any room, made in a second and without a network."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_image

from tinydf.data.dataset import (
    FAKE,
    FILE,
    PLATFORMS,
    PRE_SOCIAL,
    REAL,
    SPLITS,
    DatasetInfo,
    Generator,
    Sample,
    Source,
    write_shards,
)
from tinydf.data.social import share
from tinydf.files import atomic_directory, sha256_bytes, write_json

CROP = 128
SHARED_SPLITS = ("validation", "test")


def tiny_dataset(out: Path, pairs: int = 8) -> Path:
    """Write a data set of `pairs` real and `pairs` fake crops a split and return its directory.

    The crops are cut from the two photographs that scikit-learn ships. The fake is the crop enlarged from its half by
    repeating pixels, with a faint checkerboard such as transposed convolutions leave: easy to tell apart, on purpose.
    Validation and test have all platforms. The same bytes each time.
    """
    with atomic_directory(out) as aside:
        shards, sources = [], []
        for number, split in enumerate(SPLITS):
            samples = []
            for pair in range(pairs):
                crop, name = _cut(number * pairs + pair)
                source = f"{split}-{name}-{pair:02d}"
                sources.append(
                    Source(
                        id=source,
                        split=split,
                        origin=f"scikit-learn {name}",
                        licence="CC-BY-2.0",
                        sha256=sha256_bytes(crop.tobytes()),
                        group=source,
                    )
                )
                for label, generator, image in ((REAL, "camera", crop), (FAKE, "checker2", _fake(crop))):
                    samples.append(
                        Sample(
                            key=f"{source}-{generator}",
                            split=split,
                            platform=PRE_SOCIAL,
                            label=label,
                            generator=generator,
                            source=source,
                            image=image,
                        )
                    )
            for platform in PLATFORMS if split in SHARED_SPLITS else (PRE_SOCIAL,):
                shared = [
                    one.model_copy(update={"platform": platform, "image": share(one.image, platform, seed=0)})
                    for one in samples
                ]
                shards += write_shards(aside, split, platform, shared)
        info = DatasetInfo(
            name="tiny",
            tier="test",
            seed=0,
            crop=CROP,
            sources=sources,
            generators=[Generator(name="checker2", label=FAKE, origin="this test", licence="Apache-2.0", seen=True)],
            shards=shards,
        )
        write_json(aside / FILE, info)
    return out


def _cut(number: int) -> tuple[NDArray[np.uint8], str]:
    """The crop of that number, from china.jpg and flower.jpg in turn."""
    name = ("china.jpg", "flower.jpg")[number % 2]
    photograph: NDArray[np.uint8] = load_sample_image(name)
    height, width = photograph.shape[:2]
    place = np.random.default_rng(number)
    top, left = place.integers(height - CROP), place.integers(width - CROP)
    return photograph[top : top + CROP, left : left + CROP].copy(), name.removesuffix(".jpg")


def _fake(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    half = Image.fromarray(crop).resize((CROP // 2, CROP // 2), Image.Resampling.BICUBIC)
    enlarged = np.asarray(half.resize((CROP, CROP), Image.Resampling.NEAREST)).astype(np.int16)
    checker = np.where(np.indices((CROP, CROP)).sum(axis=0) % 2, 4, -4).astype(np.int16)
    fake: NDArray[np.uint8] = np.clip(enlarged + checker[:, :, None], 0, 255).astype(np.uint8)
    return fake

# SPDX-License-Identifier: Apache-2.0
"""Images of a split in memory, and as tensors."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinydf.artefacts.preprocess import Preprocess
from tinydf.data.dataset import PRE_SOCIAL, Dataset, Sample, Split
from tinydf.errors import TinydfError


@dataclass(frozen=True)
class Images:
    """Images with what they are: uint8 [height, width, 3] each, labels int64 [images]."""

    pixels: list[NDArray[np.uint8]]
    labels: NDArray[np.int64]
    generators: list[str]
    sources: list[str]

    def __len__(self) -> int:
        return len(self.pixels)


def read_images(data: Dataset, split: Split, platform: str = PRE_SOCIAL, sources: str = "*") -> Images:
    """All images of a split as seen on a platform, of sources whose names fit a pattern such as `faces-*`.

    Raises:
        TinydfError: if there are none.
    """
    images = images_of(one for one in data.samples(split, platform) if fnmatchcase(one.source, sources))
    if not len(images):
        raise TinydfError(
            f"{data.directory} has no {split} images of sources {sources!r}", "`tinydf data show` has names"
        )
    return images


def images_of(samples: Iterable[Sample]) -> Images:
    """Samples as images in memory."""
    held = list(samples)
    return Images(
        pixels=[one.image for one in held],
        labels=np.array([one.label for one in held], np.int64),
        generators=[one.generator for one in held],
        sources=[one.source for one in held],
    )


def demand_both_classes(labels: NDArray[np.int64], at_least: int, what: str) -> None:
    """Refuse a split that nothing can be learned or decided from; labels are int64 [images].

    Raises:
        TinydfError: if a class has fewer images than `at_least`.
    """
    for label, name in enumerate(("real", "fake")):
        count = int((labels == label).sum())
        if count < at_least:
            raise TinydfError(f"{what} has {count} {name} images", f"it needs at least {at_least} of each class")


def demand_size(images: Images, size: int, what: str) -> None:
    """Refuse images that the model's crop does not fit into.

    Raises:
        TinydfError: if a side of one is smaller than `size`.
    """
    smallest = min(min(one.shape[:2]) for one in images.pixels)
    if smallest < size:
        raise TinydfError(f"{what} has an image with a side of {smallest} pixels", f"the recipe's crop needs {size}")


def to_tensor(crops: NDArray[np.uint8], preprocess: Preprocess) -> Tensor:
    """Crops, uint8 [batch, size, size, 3], as the model's input, float [batch, 3, size, size], channels_last."""
    return torch.from_numpy(preprocess.to_float(crops)).permute(0, 3, 1, 2)

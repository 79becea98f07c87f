# SPDX-License-Identifier: Apache-2.0
"""Which images of a split are measured, and the one order in which they are counted.

An image's index is its place when all platforms of the split stand one after the other, whichever are asked for.
"""

import random
from collections.abc import Iterator, Sequence, Set

from tinydf.data.dataset import Dataset, Sample, Split
from tinydf.errors import TinydfError


def choose(dataset: Dataset, split: Split, platforms: Sequence[str] = (), limit: int | None = None) -> list[int]:
    """Indices of the images to measure, in the split's order.

    With a limit, each platform gives the first of one shuffled order: real and fake as they come, and the same crops
    on every platform.
    """
    have = dataset.platforms(split)
    if not have:
        raise TinydfError(f"{dataset.directory} has no {split} split", "give another --split")
    unknown = [name for name in platforms if name not in have]
    if unknown:
        raise TinydfError(f"{dataset.directory} has no {split} images of {unknown[0]}", f"it has {', '.join(have)}")
    wanted = [name for name in have if name in platforms or not platforms]
    chosen: list[int] = []
    first = 0
    for name in have:
        count = dataset.count(split, name)
        if name in wanted:
            share = count if limit is None else -(-(limit - len(chosen)) // (len(wanted) - wanted.index(name)))
            chosen += sorted(first + place for place in random.Random(0).sample(range(count), count)[:share])
        first += count
    return chosen


def images(dataset: Dataset, split: Split, wanted: Set[int]) -> Iterator[tuple[int, Sample]]:
    """The wanted images with their indices, in the split's order."""
    first = 0
    for platform in dataset.platforms(split):
        count = dataset.count(split, platform)
        if not wanted.isdisjoint(range(first, first + count)):
            for index, sample in enumerate(dataset.samples(split, platform), start=first):
                if index in wanted:
                    yield index, sample
        first += count

# SPDX-License-Identifier: Apache-2.0
"""Batches of a training split: read, turned, compressed and cut by threads that are ahead of the training."""

import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinydf.data.dataset import Dataset
from tinydf.data.shards import ShardedSplit
from tinydf.data.social import share_randomly
from tinydf.data.synthetic_upsampling import upsample
from tinydf.errors import TinydfError
from tinydf.train.distributed import DistributedContext
from tinydf.train.images import to_tensor
from tinydf.train.recipe import Recipe

AHEAD = 3
"""Batches that are ready or being made while one is learned from."""

DECODED_BYTES = 1 << 30
"""Decoded images that the processes of a training keep in memory, so that a small data set is decoded once."""

Batch = TypeVar("Batch")


class Portion(Protocol):
    """What a recipe says about how much is learned from at a time: its tables `training` and `pretraining` both do."""

    @property
    def crops(self) -> int: ...
    @property
    def batch_size(self) -> int: ...


class TrainingSplit:
    """The images to learn from, and which of them this process takes.

    A batch is shared by all processes: each takes its part of the images that one process would have taken alone. An
    epoch is `crops` shuffles of the split, one after another; what remains below a whole batch is left out.
    """

    def __init__(self, data: Dataset, seed: int, context: DistributedContext) -> None:
        """Find the images; none is read yet.

        Raises:
            TinydfError: if there are none, or a shard is missing or damaged.
        """
        self._split = ShardedSplit(data, "train", seed=seed, rank=context.rank, ranks=context.ranks)
        self._seed, self._ranks = seed, context.ranks
        self._decoded: dict[int, NDArray[np.uint8]] = {}
        self._room = DECODED_BYTES // context.ranks
        self.labels = self._split.labels

    def __len__(self) -> int:
        return len(self._split)

    def image(self, index: int) -> NDArray[np.uint8]:
        """One image, uint8 [height, width, 3]."""
        if index in self._decoded:
            return self._decoded[index]
        image = self._split.read(index).image
        if self._room > 0:
            self._room -= image.nbytes
            self._decoded[index] = image
        return image

    def batch_size(self, portion: Portion) -> int:
        """The recipe's batch size, or all that there is; it is that of all processes together.

        Raises:
            TinydfError: if the processes cannot share it evenly.
        """
        size = min(portion.batch_size, len(self) // self._ranks * self._ranks * portion.crops)
        if size % self._ranks:
            raise TinydfError(f"{self._ranks} processes cannot share batches of {size}", "change batch_size")
        return size

    def steps(self, portion: Portion) -> int:
        """How many batches an epoch has."""
        return len(self) // self._ranks * self._ranks * portion.crops // self.batch_size(portion)

    def turns(self, portion: Portion, epoch: int) -> list[NDArray[np.int64]]:
        """This process's part of each batch of an epoch: number of the shuffle and index, int64 [part, 2]."""
        shuffles = range(epoch * portion.crops, (epoch + 1) * portion.crops)
        order = np.concatenate([_numbered(number, self._split.turn(number)) for number in shuffles])
        part = self.batch_size(portion) // self._ranks
        return [order[start : start + part] for start in range(0, len(order) - part + 1, part)]

    def random(self, turn: NDArray[np.int64]) -> np.random.Generator:
        """The generator of one turn: an epoch is the same whenever, and by however many processes, it is run."""
        return np.random.default_rng([self._seed, *turn])


def training_batches(split: TrainingSplit, recipe: Recipe, epoch: int) -> Generator[tuple[Tensor, Tensor], None, None]:
    """This process's part of each batch of an epoch.

    Yields:
        Images, float [part, 3, size, size] in channels_last memory order, and labels, int64 [part].
    """

    def prepare(turns: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        crops, labels = zip(*(example(split, turn, recipe) for turn in turns), strict=True)
        return to_tensor(np.stack(crops), recipe.preprocess), torch.tensor(labels)

    yield from prepared_ahead(prepare, split.turns(recipe.training, epoch))


def prepared_ahead(
    prepare: Callable[[NDArray[np.int64]], Batch], turns: Sequence[NDArray[np.int64]]
) -> Generator[Batch, None, None]:
    """What `prepare` makes of each batch's turns, in their order, made by threads some batches ahead of their use.

    Threads suffice: reading PNG and JPEG lets go of Python's lock.
    """
    threads = max(2, (os.cpu_count() or 1) // 2 // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    with ThreadPoolExecutor(threads) as pool:
        waiting: list[Future[Batch]] = []
        try:
            for part in turns:
                waiting.append(pool.submit(prepare, part))
                if len(waiting) >= AHEAD + threads:
                    yield waiting.pop(0).result()
            for batch in waiting:
                yield batch.result()
        finally:
            pool.shutdown(cancel_futures=True)


def turn(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """One of the eight flips and quarter turns of an image."""
    image = np.rot90(image, int(random.integers(4)))
    return image[:, ::-1] if random.integers(2) else image


def cut(image: NDArray[np.uint8], recipe: Recipe, random: np.random.Generator) -> NDArray[np.uint8]:
    """A random crop at native resolution, on the recipe's grid, uint8 [size, size, 3].

    Raises:
        TinydfError: if the image is smaller.
    """
    size = recipe.preprocess.size
    height, width = image.shape[:2]
    if min(height, width) < size:
        raise TinydfError(f"a training image of {width}x{height} pixels is smaller than the {size}x{size} crop")
    grid = recipe.augmentation.grid
    top, left = (grid * random.integers((side - size) // grid + 1) for side in (height, width))
    return image[top : top + size, left : left + size]


def example(split: TrainingSplit, turn: NDArray[np.int64], recipe: Recipe) -> tuple[NDArray[np.uint8], int]:
    """What is learned from one turn of an image: a crop, uint8 [size, size, 3], and its label."""
    random, image, label = split.random(turn), split.image(turn[1]), int(split.labels[turn[1]])
    part = recipe.augmentation.synthetic_upsampling
    if part and label == 0 and random.random() < part:
        image, label = upsample(image, random, recipe.augmentation.upsampling_steps), 1
    return augment(image, recipe, random), label


def augment(image: NDArray[np.uint8], recipe: Recipe, random: np.random.Generator) -> NDArray[np.uint8]:
    """Turn, then compress, then cut: platforms compress what they are given, and detectors see a part of that."""
    if recipe.augmentation.turn:
        image = turn(image, random)
    if random.random() < recipe.augmentation.share:
        image = share_randomly(np.ascontiguousarray(image), random, recipe.augmentation.platforms)
    return cut(image, recipe, random)


def _numbered(number: int, places: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.column_stack([np.full_like(places, number), places])

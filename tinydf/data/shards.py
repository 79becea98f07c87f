# SPDX-License-Identifier: Apache-2.0
"""A split read image by image, in an order of its own each epoch, by one process or by many.

`Dataset.samples` reads a split from its first image to its last. Training wants it shuffled, and each process of a
distributed training (a rank) wants its part of the same shuffle. A shard is a plain tar, so its headers are an index:
an image is read by one system call from its place, and only by the rank whose turn it is.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinydf.data.dataset import PRE_SOCIAL, Dataset, Label, Sample, Shard, Split, decode_png, members, open_shard
from tinydf.errors import TinydfError

MIXED_SHARDS = 8
"""So many shards are mixed with each other: a good shuffle, while a disk reads a few files, not all at once."""

# Where an image and the JSON behind it lie in the split's shards: shard, offset and size in bytes; and its label.
INDEX = np.dtype(
    [("shard", "i4"), ("png", "i8"), ("png_size", "i4"), ("json", "i8"), ("json_size", "i4"), ("label", "i1")]
)


class ShardedSplit:
    """The images of one split and platform, in a shuffle that epoch and seed alone decide.

    Every rank sees the same shuffle and takes each `ranks`-th image of it. So the images that N ranks read at the same
    step are those that one process would have read as one batch, N times as large: training can be the same however
    many processes do it.
    """

    def __init__(
        self, data: Dataset, split: Split, platform: str = PRE_SOCIAL, seed: int = 0, rank: int = 0, ranks: int = 1
    ) -> None:
        """Check the split's shards against their SHA-256 and read where each image is; no image is decoded yet.

        Args:
            data: the data set.
            split: which of its splits.
            platform: as seen where.
            seed: chooses the shuffles.
            rank: this process, from 0 (torch.distributed's rank).
            ranks: how many processes share the reading (its world size).

        Raises:
            TinydfError: if there are no such images, fewer than ranks, or a shard is missing, damaged, or not the one
                that was written.
        """
        if not 0 <= rank < ranks:
            raise ValueError(f"rank {rank} of {ranks}")
        self._data, self._split, self._platform = data, split, platform
        self._seed, self._rank, self._ranks = seed, rank, ranks
        self._shards = data.shards(split, platform)
        self._index = np.concatenate([_index(data.directory, place, one) for place, one in enumerate(self._shards)])
        if len(self._index) < ranks:
            raise TinydfError(
                f"{data.directory} has {len(self._index)} {split} images for {ranks} processes", "start fewer"
            )

    def __len__(self) -> int:
        """The split's images, all ranks together."""
        return len(self._index)

    @property
    def labels(self) -> NDArray[np.int64]:
        """0 real, 1 fake: int64 [images], all ranks together, in the shards' order."""
        return self._index["label"].astype(np.int64)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """The shuffle of an epoch, the same for all ranks: int64 [images], places in the shards' order."""
        random = np.random.default_rng([self._seed, epoch])
        shards = random.permutation(len(self._shards))
        mixed = [shards[first : first + MIXED_SHARDS] for first in range(0, len(shards), MIXED_SHARDS)]
        places = [np.flatnonzero(np.isin(self._index["shard"], some)) for some in mixed]
        return np.concatenate([random.permutation(some) for some in places])

    def turn(self, epoch: int) -> NDArray[np.int64]:
        """What this rank reads in an epoch: int64 [images // ranks], as many for each rank; a rest is left out."""
        order = self.order(epoch)
        return order[self._rank : len(order) // self._ranks * self._ranks : self._ranks]

    def epoch(self, epoch: int) -> Iterator[Sample]:
        """This rank's images of an epoch, read and decoded as they are asked for."""
        for place in self.turn(epoch):
            yield self.read(int(place))

    def read(self, place: int) -> Sample:
        """One image by its place in the shards' order. Threads may call it at the same time.

        Raises:
            TinydfError: if its shard was changed since it was checked.
        """
        entry = self._index[place]
        shard = self._shards[entry["shard"]]
        path = self._data.directory / shard.path
        first, end = int(entry["png"]), int(entry["json"]) + int(entry["json_size"])
        try:
            file = os.open(path, os.O_RDONLY)
            try:
                data = os.pread(file, end - first, first)
            finally:
                os.close(file)
            label = Label.model_validate_json(data[int(entry["json"]) - first :])
        except (OSError, ValueError) as error:
            raise TinydfError(f"{path} was changed while it was in use ({error})", "make the data set again") from None
        return Sample(
            key=f"{Path(shard.path).stem}/{place}",
            split=self._split,
            platform=self._platform,
            image=decode_png(data[: int(entry["png_size"])], f"{path}, byte {first}"),
            **label.model_dump(),
        )


def _index(directory: Path, place: int, shard: Shard) -> NDArray[np.void]:
    """Where the images of the split's shard number `place` are: INDEX [images]."""
    with open_shard(directory, shard) as tar:
        rows = [
            (place, png.offset_data, png.size, described.offset_data, described.size, label.label)
            for png, described, label in members(tar)
        ]
    return np.array(rows, INDEX)

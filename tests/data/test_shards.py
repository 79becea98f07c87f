# SPDX-License-Identifier: Apache-2.0
"""A split read by rank: every image once, for any number of ranks, and the same shuffle each time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.data.synthetic import tiny_dataset
from tinydf.data import dataset, shards
from tinydf.data.dataset import Dataset
from tinydf.data.shards import ShardedSplit
from tinydf.errors import TinydfError


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Twenty training images in seven shards, of which three are mixed at a time."""
    monkeypatch.setattr(dataset, "MAX_SHARD_SAMPLES", 3)
    monkeypatch.setattr(shards, "MIXED_SHARDS", 3)
    return Dataset(tiny_dataset(tmp_path / "tiny", pairs=10))


def test_images_are_those_of_the_data_set(data: Dataset) -> None:
    split = ShardedSplit(data, "train")
    written = list(data.samples("train"))
    assert len(split) == len(written) == 20
    assert split.labels.tolist() == [one.label for one in written]
    for place, one in enumerate(written):
        same = split.read(place)
        assert np.array_equal(same.image, one.image)
        assert (same.label, same.generator, same.source, same.split) == (one.label, one.generator, one.source, "train")


def test_shuffles_are_decided_by_seed_and_epoch_alone(data: Dataset) -> None:
    orders = {(seed, epoch): ShardedSplit(data, "train", seed=seed).order(epoch) for seed in (0, 1) for epoch in (0, 1)}
    assert len({tuple(order) for order in orders.values()}) == 4
    assert all(sorted(order) == list(range(20)) for order in orders.values())
    assert np.array_equal(orders[1, 1], ShardedSplit(data, "train", seed=1).order(1))


def test_a_shuffle_touches_few_shards_at_a_time(data: Dataset) -> None:
    of_shard = np.repeat(np.arange(7), 3)[:20]
    assert len(set(of_shard[ShardedSplit(data, "train").order(0)[:6]])) <= 3


def test_ranks_together_read_what_one_process_reads(data: Dataset) -> None:
    alone = [one.image for one in ShardedSplit(data, "train").epoch(4)]
    parts = [list(ShardedSplit(data, "train", rank=rank, ranks=3).epoch(4)) for rank in range(3)]
    assert [len(part) for part in parts] == [6, 6, 6], "no rank waits for another's rest"
    together = [one.image for step in zip(*parts, strict=True) for one in step]
    assert all(np.array_equal(one, same) for one, same in zip(together, alone, strict=False))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "was changed while it was in use"),
        (lambda path: path.write_bytes(path.read_bytes()[:600]), "was changed while it was in use"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"IHDR", b"IEND")), "PNG|image|broken"),
    ],
)
def test_a_shard_changed_while_it_is_in_use(data: Dataset, damage: Callable[[Path], object], message: str) -> None:
    split = ShardedSplit(data, "train")
    damage(data.directory / data.info.shards[0].path)
    with pytest.raises(TinydfError, match=message):
        split.read(0)


def test_what_cannot_be_shared_out(data: Dataset) -> None:
    with pytest.raises(TinydfError, match="has 20 train images for 21 processes: start fewer"):
        ShardedSplit(data, "train", ranks=21)
    with pytest.raises(TinydfError, match="has no train images of telegram"):
        ShardedSplit(data, "train", "telegram")

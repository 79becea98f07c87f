# SPDX-License-Identifier: Apache-2.0
"""The data set directory: what is written is read again, and damage is told in one line."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.data.synthetic import tiny_dataset
from tinydf.data.dataset import FILE, PLATFORMS, SPLITS, Dataset
from tinydf.errors import TinydfError


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return tiny_dataset(tmp_path / "tiny", pairs=3)


def test_samples_are_read_as_written(tiny: Path) -> None:
    dataset = Dataset(tiny)
    for split in SPLITS:
        assert dataset.platforms(split) == (["pre_social"] if split == "train" else list(PLATFORMS))
        for platform in dataset.platforms(split):
            samples = list(dataset.samples(split, platform))
            assert len(samples) == dataset.count(split, platform) == 6
            assert {one.image.shape for one in samples} == {(96, 96, 3) if platform == "facebook" else (128, 128, 3)}
            assert {one.label for one in samples} == {0, 1}


def test_the_same_images_give_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    again = tiny_dataset(tmp_path / "again", pairs=3)
    assert Dataset(tiny).sha256 == Dataset(again).sha256


def test_a_platforms_images_are_those_of_the_split(tiny: Path) -> None:
    dataset = Dataset(tiny)
    before = {one.key: one for one in dataset.samples("test")}
    after = list(dataset.samples("test", "telegram"))
    assert {one.key for one in after} == set(before) != set()
    for one in after:
        same = before[one.key]
        assert (one.label, one.generator, one.source) == (same.label, same.generator, same.source)
        change = np.abs(one.image.astype(int) - same.image).mean()
        assert 0 < change < 12


def test_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match=r"dataset.json does not exist: make it with `tinydf data demo`"):
        Dataset(tmp_path)


def test_a_split_or_platform_that_is_not_there(tiny: Path) -> None:
    with pytest.raises(TinydfError, match="has no train images of telegram"):
        list(Dataset(tiny).samples("train", "telegram"))


@pytest.mark.parametrize("damage", ["cut", "changed", "missing"])
def test_a_damaged_shard_is_not_read(tiny: Path, damage: str) -> None:
    dataset = Dataset(tiny)
    shard = tiny / dataset.info.shards[0].path
    data = bytearray(shard.read_bytes())
    if damage == "missing":
        shard.unlink()
    elif damage == "cut":
        shard.write_bytes(data[: len(data) // 2])
    else:
        data[700] ^= 1
        shard.write_bytes(data)
    with pytest.raises(TinydfError, match="is missing or is not the shard that was written"):
        list(dataset.samples("train"))


def test_a_shard_that_is_no_tar_but_has_its_hash(tiny: Path) -> None:
    from tinydf.files import sha256_bytes

    described = json.loads((tiny / FILE).read_text())
    (tiny / described["shards"][0]["path"]).write_bytes(b"no tar" * 500)
    described["shards"][0]["sha256"] = sha256_bytes(b"no tar" * 500)
    (tiny / FILE).write_text(json.dumps(described))
    with pytest.raises(TinydfError, match="is damaged"):
        list(Dataset(tiny).samples("train"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "x"}, "format"),
        ({"surprise": 1}, "surprise: unknown key"),
        (
            {"shards": [{"path": "../../etc/passwd", "split": "test", "platform": "x", "count": 1, "sha256": ""}]},
            "path",
        ),
    ],
)
def test_a_description_that_does_not_fit(tiny: Path, change: dict[str, object], message: str) -> None:
    described = json.loads((tiny / FILE).read_text()) | change
    (tiny / FILE).write_text(json.dumps(described))
    with pytest.raises(TinydfError, match=message):
        Dataset(tiny)

# SPDX-License-Identifier: Apache-2.0
"""The embedded set, built small from the real packages."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image

from tests.e2e.command import COMMAND, interrupt_workers
from tinydf.cli.data import command
from tinydf.data import demo
from tinydf.data.assemble import assign_splits
from tinydf.data.dataset import SPLITS, Dataset
from tinydf.data.photographs import COLLECTIONS, photographs
from tinydf.errors import TinydfError

pytestmark = pytest.mark.slow

CROPS = 18


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "data"
    demo.build(out, crops=CROPS)
    return out


def test_every_split_platform_and_class(small: Path) -> None:
    dataset = Dataset(small)
    for split in SPLITS:
        for platform in dataset.platforms(split):
            labels = Counter(one.label for one in dataset.samples(split, platform))
            assert labels[0] == labels[1] > 0
    assert dataset.platforms("train") == ["pre_social"]
    assert dataset.platforms("test") == dataset.platforms("validation") == ["pre_social", "facebook", "telegram", "x"]


def test_the_unseen_generator_is_in_test_only(small: Path) -> None:
    dataset = Dataset(small)
    made = {split: {one.generator for one in dataset.samples(split)} for split in SPLITS}
    assert "med2" in made["test"]
    assert not dataset.seen("med2")
    for split in ("train", "validation"):
        assert made[split] <= {"camera", "bicubic", "lanczos", "bilinear", "default2", "anime2"}


def test_no_source_and_no_scene_is_in_two_splits(small: Path) -> None:
    dataset = Dataset(small)
    described = {one.id: one for one in dataset.info.sources}
    splits: dict[str, set[str]] = {}
    for split in SPLITS:
        for one in dataset.samples(split):
            assert described[one.source].split == split
            splits.setdefault(described[one.source].group, set()).add(split)
    assert all(len(one) == 1 for one in splits.values())


def test_variants_show_the_same_content(small: Path) -> None:
    """What tells real from fake is the traces, not the picture and not its sharpness."""
    crops: dict[str, dict[str, NDArray[np.float64]]] = {}
    for one in Dataset(small).samples("train"):
        place, _, generator = one.key.rpartition("-")
        crops.setdefault(place, {})[generator] = one.image.astype(np.float64)
    assert {len(variants) for variants in crops.values()} == {4}
    for variants in crops.values():
        for name, image in variants.items():
            assert np.abs(image - variants["camera"]).mean() < 20, name


def test_the_same_bytes_again(small: Path, tmp_path: Path) -> None:
    demo.build(tmp_path / "again", crops=CROPS)
    assert Dataset(tmp_path / "again").sha256 == Dataset(small).sha256


def test_each_source_has_its_licence(small: Path) -> None:
    licences = {one.id: one.licence for one in Dataset(small).info.sources}
    known = {"CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0", "GPL-2+", "LGPLv3", "MIT"}
    assert set(licences.values()) <= known
    everything = {one.id: one for collection in COLLECTIONS for one in photographs(collection)}
    assert everything["lomiri-seeding_by_clements_engelhardt"].licence == "CC0-1.0"
    assert everything["lomiri-bridge_by_sander_klootwijk"].licence == "CC-BY-SA-4.0"
    assert everything["mate-garden"].origin.endswith("by 2008, Charles Barbin <barbinch@free.fr>´")
    assert everything["plasma-path"].origin.endswith("by Risto Saukonpää")
    assert len(everything) == 65


def test_splits_of_the_whole_set() -> None:
    pictures = [one for collection in COLLECTIONS for one in photographs(collection)]
    splits = demo.splits_of(pictures, seed=0)
    count = Counter(splits.values())
    assert count["test"] >= 20 and count["validation"] >= 8 and count["train"] >= 28
    for collection in COLLECTIONS:
        assert {splits[one.id] for one in pictures if one.collection == collection.name} == set(SPLITS)
    for one in pictures:
        assert splits[one.id] == splits[one.group]


def test_groups_stay_together_for_any_seed() -> None:
    groups = {f"g{number}": [f"g{number}-{part}" for part in range(1 + number % 3)] for number in range(20)}
    strata = {group: "ab"[int(group[1:]) % 2] for group in groups}
    for seed in range(30):
        splits = assign_splits(groups, strata, {"test": 0.3, "validation": 0.2}, seed)
        assert len(splits) == sum(map(len, groups.values()))
        for members in groups.values():
            assert len({splits[one] for one in members}) == 1
        for stratum in "ab":
            assert len({splits[one] for group in groups if strata[group] == stratum for one in groups[group]}) == 3


def test_flat_cells_are_not_chosen() -> None:
    picture = np.full((500, 500, 3), 120, np.uint8)
    assert demo.choose_cells(picture, 10, 0, "sky") == []
    picture[:130, :130] = np.random.default_rng(0).integers(0, 255, (130, 130, 3))
    assert demo.choose_cells(picture, 10, 0, "corner") == [(0, 0)]


def test_sizes_after_reducing() -> None:
    assert demo.reduce(Image.new("RGB", (6000, 4000))).shape == (1365, 2048, 3)
    assert demo.reduce(Image.new("RGB", (1000, 500))).shape == (360, 720, 3)
    assert demo.reduce(Image.new("RGB", (178, 218)), is_face=True).shape == (160, 160, 3)


def test_the_full_tier_wants_its_licence_accepted(tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match="non-commercial research only"):
        demo.build(tmp_path / "out", tier="full")
    with pytest.raises(TinydfError, match="tier 'huge' is not known"):
        demo.build(tmp_path / "out", tier="huge")
    assert not (tmp_path / "out").exists()


def test_show(small: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["show", str(small), "--json"])
    summary = json.loads(done.stdout)
    assert summary["sha256"] == Dataset(small).sha256
    assert summary["generators"]["med2"] == "fake, unseen"
    for row in summary["rows"]:
        assert row["real"] + row["fake"] == sum(row["by_generator"].values())
    done = CliRunner().invoke(command, ["show", str(small)])
    assert "sources under GPL-2+" in done.stdout and "med2" in done.stdout
    nothing = CliRunner().invoke(command, ["show", str(tmp_path)])
    assert isinstance(nothing.exception, TinydfError)


@pytest.mark.parametrize("later", [0, 3])
def test_ctrl_c_leaves_nothing_and_says_one_line(tmp_path: Path, later: float) -> None:
    """While its workers start, and when they are at it."""
    interrupt_workers(*COMMAND, "data", "demo", "--out", str(tmp_path / "out"), later=later)
    assert not list(tmp_path.iterdir())

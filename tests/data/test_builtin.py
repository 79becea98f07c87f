# SPDX-License-Identifier: Apache-2.0
"""The test set that comes with the tool: whose photographs it has, that none was trained on, and how it is written."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from scripts import make_builtin as make
from tests.data.synthetic import tiny_dataset
from tinydf.cli.data import command
from tinydf.data import builtin, parallel
from tinydf.data.dataset import FILE, PLATFORMS, Dataset
from tinydf.data.demo import splits_of
from tinydf.data.photographs import COLLECTIONS, photographs
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes, sha256_file


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return builtin.materialise(tmp_path_factory.mktemp("builtin") / "data")


def test_every_image_has_a_free_licence_and_a_maker() -> None:
    contents = builtin.contents()
    assert sha256_file(builtin.CROPS) == contents.shard.sha256
    for work in contents.works:
        assert make.URLS[work.licence] == work.licence_url
        assert work.maker and work.title and work.package and work.sha256
    assert builtin.LICENCES.read_text() == make.licences(contents)
    assert builtin.CROPS.stat().st_size < 4 << 20


@pytest.mark.slow
def test_no_photograph_was_seen_in_training_or_validation() -> None:
    pictures = [one for collection in COLLECTIONS for one in photographs(collection)]
    splits = splits_of(pictures, make.SEED)
    seen = {sha256_bytes(one.data) for one in pictures if splits[one.id] != "test"}
    assert len(seen) == 41
    assert not seen & {one.sha256 for one in builtin.contents().works}


def test_written_out_with_every_platform(written: Path) -> None:
    dataset = Dataset(written)
    assert dataset.platforms("test") == list(PLATFORMS)
    assert dataset.platforms("train") == dataset.platforms("validation") == []
    known = {one.id for one in dataset.info.sources}
    for platform in PLATFORMS:
        samples = list(dataset.samples("test", platform))
        assert Counter(one.label for one in samples) == {0: 83, 1: 83}
        assert {one.source for one in samples} == known
        assert {one.image.shape for one in samples} == {(96, 96, 3) if platform == "facebook" else (128, 128, 3)}
    made = Counter(one.generator for one in dataset.samples("test"))
    assert {name for name in made if not dataset.seen(name)} == {"med2"}
    assert min(made[name] for name in ("default2", "anime2", "med2")) >= 20
    assert (written / "LICENCES.md").read_text() == builtin.LICENCES.read_text()


@pytest.mark.slow
def test_kept_when_whole_and_written_again_when_not(written: Path) -> None:
    before = (written / FILE).stat()
    again = builtin.materialise(written)
    assert (again / FILE).stat().st_ino == before.st_ino
    sha256 = Dataset(written).sha256
    shard = written / Dataset(written).info.shards[-1].path
    shard.write_bytes(shard.read_bytes()[:5000])
    builtin.materialise(written)
    assert Dataset(written).sha256 == sha256
    assert len(list(Dataset(written).samples("test", "x"))) == 166


def test_another_data_set_is_not_replaced(tmp_path: Path) -> None:
    other = tiny_dataset(tmp_path / "other", pairs=2)
    with pytest.raises(TinydfError, match=r"holds another data set \(tiny\)"):
        builtin.materialise(other)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(TinydfError, match="is not a data set"):
        builtin.materialise(tmp_path / "notes")


@pytest.mark.slow
def test_the_command_needs_no_torch_and_names_the_makers(tmp_path: Path) -> None:
    blocked = "import sys; sys.modules.update(dict.fromkeys(('torch', 'tensorflow', 'h5py')))"
    run = "from tinydf.cli.main import run; run()"
    out = tmp_path / "data"
    done = subprocess.run(
        [sys.executable, "-c", f"{blocked}; {run}", "data", "builtin", "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "CC0-1.0: debian python3-skimage 0.19.3-8" in done.stdout
    assert "chelsea.png by Stefan van der Walt" in done.stdout
    shown = json.loads(CliRunner().invoke(command, ["show", str(out), "--json"]).stdout)
    assert shown["licences"] == {"CC-BY-2.0": 1, "CC-BY-4.0": 2, "CC-BY-SA-4.0": 2, "CC0-1.0": 6}
    assert len(shown["credits"]) == 11


@pytest.mark.slow
def test_the_packages_give_the_same_pixels(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One photograph of the eleven, through its generators; `make --check` does it for all, byte for byte."""
    monkeypatch.setattr(parallel, "cores", lambda: 1)
    (picture,) = [one for one, _ in map(make._further, make.FURTHER) if one.id == "skimage-chelsea"]
    expected = {one.key: one.image for one in make.samples([picture])}
    assert len(expected) == 4
    held = {one.key: one.image for one in Dataset(written).samples("test") if one.source == picture.id}
    assert held.keys() == expected.keys()
    for key, image in held.items():
        difference = np.abs(image.astype(int) - expected[key])
        assert difference.max() <= 1 and (difference > 0).mean() < 1e-3, key  # other processors round otherwise

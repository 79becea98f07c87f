# SPDX-License-Identifier: Apache-2.0
"""TrueFace and TrueFake read as published: splits by picture on all platforms, counts checked."""

import json
import logging
import shutil
import tarfile
import zipfile
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.data.published import SUFFIXES, TRUEFACE_FAKES, trueface_tree, truefake_tree
from tinydf.cli.data import command
from tinydf.data import published
from tinydf.data.dataset import SPLITS, Dataset
from tinydf.data.published import TRUEFACE, TRUEFAKE
from tinydf.errors import TinydfError

build = partial(published.build, workers=1)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trueface_tree(tmp_path_factory.mktemp("published") / "TrueFace")


def small(pictures: int = 10, shared: int = 5) -> published.Published:
    """TrueFace, if it had so many pictures in each subset."""
    of = {"FFHQ": 1, "StyleGAN": 2, "StyleGAN2": 2}
    return published.Published(
        name="TrueFace",
        subsets=TRUEFACE.subsets,
        real=TRUEFACE.real,
        before={name: pictures * count for name, count in of.items()},
        shared={name: shared * count for name, count in of.items()},
    )


@pytest.fixture(scope="module")
def from_tree(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out = tmp_path_factory.mktemp("built") / "out"
    build(small(), [tree], out)
    return Dataset(out)


def test_a_picture_is_in_one_split_on_every_platform(from_tree: Dataset) -> None:
    data, info = from_tree, from_tree.info
    splits: dict[str, set[str]] = {}
    for split in SPLITS:
        assert data.platforms(split) == ["pre_social", "facebook", "telegram", "x"]
        for platform in data.platforms(split):
            for one in data.samples(split, platform):
                splits.setdefault(one.source, set()).add(split)
                assert one.image.shape == ((120, 120, 3) if platform == "facebook" else (128, 128, 3))
                assert one.label == (one.generator != "camera")
    assert len(splits) == 50 and all(len(found) == 1 for found in splits.values())
    assert sum(data.count(split, "facebook") for split in SPLITS) == 25
    assert {one.name for one in info.generators} == set(TRUEFACE_FAKES) and all(one.seen for one in info.generators)
    assert info.skipped == [] and len(info.sources) == 50


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_an_archive_gives_what_its_directory_gives(tree: Path, from_tree: Dataset, tmp_path: Path, kind: str) -> None:
    archive = tmp_path / f"TrueFace.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(tree.rglob("*.*g")):
                file.write(path, path.relative_to(tree.parent))
    else:
        with tarfile.open(archive, "w:gz" if kind == "tar.gz" else "w") as tar:
            tar.add(tree, "TrueFace")
    build(small(), [archive], tmp_path / "from_archive")
    assert Dataset(tmp_path / "from_archive").sha256 == from_tree.sha256
    assert {one.name for one in tmp_path.iterdir()} == {archive.name, "from_archive"}, "what was unpacked is gone"


def test_an_incomplete_set_is_refused_with_the_counts(
    tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tinydf")
    part = tmp_path / "part"
    shutil.copytree(tree, part)
    shutil.rmtree(part / "TrueFace_PreSocial" / "Fake" / "StyleGAN" / "images-psi-0.7")
    with pytest.raises(TinydfError, match=r"is incomplete, in 1 folders \(pre_social StyleGAN: 10 of 20"):
        build(small(), [part], tmp_path / "out")
    assert "pre_social FFHQ: 10 of 10" in caplog.text
    assert not (tmp_path / "out").exists()
    build(small(), [part], tmp_path / "out", incomplete=True)
    assert Dataset(tmp_path / "out").count("test", "facebook") > 0


def test_published_splits_are_kept(tree: Path, tmp_path: Path) -> None:
    subsets = ("FFHQ", *TRUEFACE_FAKES)
    names = {subset: "{:05d}" if subset == "FFHQ" else "seed{:04d}" for subset in subsets}
    said = {
        split: [f"{subset}/{names[subset].format(one)}" for subset in subsets for one in places]
        for split, places in {"train": range(4), "val": (4, 5), "test": (6, 7)}.items()
    }
    (tmp_path / "split.json").write_text(json.dumps(said))
    build(small(), [tree], tmp_path / "out", splits_file=tmp_path / "split.json")
    data = Dataset(tmp_path / "out")
    assert [data.count(split) for split in SPLITS] == [20, 10, 10]
    assert {one.source for one in data.samples("validation", "x")} == {f"{name}/4" for name in subsets}


@pytest.mark.slow
def test_folders_that_say_the_split(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "TrueFace"
    shutil.copytree(tree, root / "Train")
    trueface_tree(root / "other", pictures=14, shared=0)
    for path in sorted((root / "other").rglob("*.png")):
        if int(path.stem.removeprefix("seed")) >= 10:
            target = root / "Test" / path.relative_to(root / "other")
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
    shutil.rmtree(root / "other")
    build(small(), [root], tmp_path / "out")
    data = Dataset(tmp_path / "out")
    assert {int(one.source.rpartition("/")[2]) for one in data.samples("test")} == {10, 11, 12, 13}
    assert data.count("test") == 20 and data.count("train") + data.count("validation") == 50


def test_strange_and_broken_files_are_named(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "TrueFace"
    shutil.copytree(tree, root)
    (root / "TrueFace_PostSocial" / "Whatsapp" / "Real" / "FFHQ").mkdir(parents=True)
    some = root / "TrueFace_PreSocial" / "Real" / "FFHQ"
    shutil.copy(some / "00001.png", root / "TrueFace_PostSocial" / "Whatsapp" / "Real" / "FFHQ" / "00001_WA.jpg")
    shutil.copy(some / "00001.png", some / "0001.png")
    (some / "00002.png").write_bytes(b"no picture")
    info = build(small(), [root], tmp_path / "out")
    assert len(info.skipped) == 3 and len(info.sources) == 50
    assert any("Whatsapp/Real/FFHQ: 1 files are not of TrueFace" in line for line in info.skipped)
    assert any(
        "0001.png: it has the number of 00001.png" in line or "00001.png: it has" in line for line in info.skipped
    )
    assert any("00002.png: its content is not an image" in line for line in info.skipped)


def test_a_source_is_never_replaced(tree: Path) -> None:
    with pytest.raises(TinydfError, match=r"is inside .*, which would be replaced"):
        build(small(), [tree / "TrueFace_PreSocial"], tree)


def test_truefake(tmp_path: Path) -> None:
    tree = truefake_tree(tmp_path / "tree")
    with pytest.raises(TinydfError, match="TrueFake is incomplete"):
        build(TRUEFAKE, [tree], tmp_path / "out")
    parts = [tree / platform for platform in ("PreSocial", *SUFFIXES)]
    info = build(TRUEFAKE, parts, tmp_path / "out", incomplete=True)
    assert {one.name for one in info.generators} == {"StyleGAN3/conf-t-psi-0.5", "FLUX.1/animals"}
    assert len(info.sources) == 24 and Dataset(tmp_path / "out").platforms("train")[1:] == ["facebook", "telegram", "x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no json", "says no splits"),
        ('{"train": 3}', "says no splits"),
        ('{"holdout": ["FFHQ/1"]}', "says no splits"),
        ('{"train": ["FFHQ/999"]}', "names none of the pictures"),
        (None, "does not exist"),
    ],
)
def test_a_splits_file_that_says_none(tree: Path, tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "split.json").write_text(text)
    with pytest.raises(TinydfError, match=message):
        build(small(), [tree], tmp_path / "out", splits_file=tmp_path / "split.json")


def test_the_command(tree: Path, tmp_path: Path) -> None:
    arguments = ["trueface", str(tree), str(tmp_path / "out"), "--incomplete"]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0 and "StyleGAN2/conf-f-psi-1" in done.output
    refused = CliRunner().invoke(command, ["trueface", str(tree), str(tmp_path / "again")])
    assert isinstance(refused.exception, TinydfError)
    assert "pre_social FFHQ: 10 of 70000" in str(refused.exception)
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = CliRunner().invoke(command, ["truefake", str(empty), str(tmp_path / "again")])
    assert "there is no picture in TrueFake's layout" in str(nothing.exception)

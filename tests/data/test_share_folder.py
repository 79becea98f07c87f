# SPDX-License-Identifier: Apache-2.0
"""Folders shared: the same bytes however the work is done, nothing lost, bad files named."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import ExifTags, Image
from sklearn.datasets import load_sample_image

from tinydf.data.share_folder import share_folder
from tinydf.errors import TinydfError


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three pictures in two folders, and four files that are none."""
    directory = tmp_path / "in"
    (directory / "people").mkdir(parents=True)
    china = Image.fromarray(load_sample_image("china.jpg"))
    china.save(directory / "china.png")
    china.resize((1500, 1000)).save(directory / "people" / "large.jpg", quality=95)
    china.crop((0, 0, 300, 400)).save(directory / "people" / "tall.webp")
    china.save(directory / "china.bmp")
    china.resize((90, 90)).save(directory / "small.png")
    (directory / "notes.txt").write_text("no picture")
    (directory / "cut.jpg").write_bytes((directory / "people" / "large.jpg").read_bytes()[:5000])
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*.jpg")}


def test_a_folder(pictures: Path, tmp_path: Path) -> None:
    report = share_folder(pictures, tmp_path / "out", ["facebook"], workers=1)
    assert (report.files, report.shared, report.already) == (7, 3, 0)
    assert sorted(line.partition(":")[0] for line in report.skipped) == [
        "china.png",
        "cut.jpg",
        "notes.txt",
        "small.png",
    ]
    assert "china.png: its result would have the name of china.bmp's" in report.skipped
    sizes = {name: Image.open(io.BytesIO(data)).size for name, data in contents(tmp_path / "out").items()}
    assert sizes == {"china.jpg": (640, 427), "people/large.jpg": (960, 640), "people/tall.jpg": (300, 400)}


def test_it_goes_on_where_it_stopped(pictures: Path, tmp_path: Path) -> None:
    share_folder(pictures, tmp_path / "whole", ["telegram", "x"], workers=1)
    out = tmp_path / "out"
    share_folder(pictures, out, ["telegram", "x"], workers=1)
    (out / "china.jpg").unlink()
    kept = (out / "people" / "large.jpg").stat().st_mtime_ns
    report = share_folder(pictures, out, ["telegram", "x"], workers=2)
    assert (report.shared, report.already) == (1, 2)
    assert (out / "people" / "large.jpg").stat().st_mtime_ns == kept
    assert contents(out) == contents(tmp_path / "whole")


def test_a_platform_that_turns_pictures_upright(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned by a quarter
    Image.fromarray(load_sample_image("china.jpg")).save(tmp_path / "in" / "lying.jpg", exif=exif)
    for platform, size in (("telegram-2560", (427, 640)), ("x", (640, 427))):
        share_folder(tmp_path / "in", tmp_path / platform, [platform], workers=1)
        with Image.open(tmp_path / platform / "lying.jpg") as shared:
            assert shared.size == size and not shared.getexif()


@pytest.mark.slow
def test_the_same_through_ray(pictures: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    here = share_folder(pictures, tmp_path / "here", ["facebook", "x"], workers=1)
    there = share_folder(pictures, tmp_path / "there", ["facebook", "x"], ray="local")
    assert (there.shared, there.skipped) == (here.shared, here.skipped) and there.shared == 3
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_a_ray_cluster_that_is_not_there(pictures: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    with pytest.raises(TinydfError, match="no Ray cluster at nowhere"):
        share_folder(pictures, tmp_path / "out", ["x"], ray="nowhere")


@pytest.mark.slow
def test_the_command(pictures: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tinydf.cli", "data", "share", str(pictures), str(tmp_path / "out")]
    done = subprocess.run([*command, "--platform", "x", "--json"], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert (report["shared"], report["platforms"]) == (3, ["x"])
    assert "skipped notes.txt: its name does not end in" in done.stderr
    again = subprocess.run([*command, "--platform", "telegram"], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert again.stderr.splitlines()[-1].endswith(
        "was shared otherwise, as its share.json says: write to another folder"
    )


@pytest.mark.parametrize(
    ("out", "platforms", "message"),
    [
        ("in/out", ["x"], "is inside .*, which is read"),
        ("other", ["x"], "was not made by `tinydf data share`"),
        ("out", ["x", "myspace"], "platform 'myspace' is not known"),
        ("out", [], "no platform is given"),
    ],
)
def test_what_cannot_be_done(pictures: Path, tmp_path: Path, out: str, platforms: list[str], message: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("keep")
    with pytest.raises(TinydfError, match=message):
        share_folder(pictures, tmp_path / out, platforms)
    assert not (tmp_path / "out").exists()


def test_no_folder_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match="is not a directory"):
        share_folder(tmp_path / "none", tmp_path / "out", ["x"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(TinydfError, match="has no files"):
        share_folder(tmp_path / "empty", tmp_path / "out", ["x"])
    (tmp_path / "empty" / "notes.txt").write_text("no picture")
    with pytest.raises(TinydfError, match=r"has no usable picture \(1 files were skipped\)"):
        share_folder(tmp_path / "empty", tmp_path / "out", ["x"], workers=1)

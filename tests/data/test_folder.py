"""A user's folders: each rule for what is left out has its file here, and none is left out silently."""

import io
import os
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_sample_image

from tinydf.cli.data import command
from tinydf.data import folder
from tinydf.data.dataset import SPLITS, Dataset
from tinydf.errors import TinydfError

CHINA = Image.fromarray(load_sample_image("china.jpg"))
FLOWER = Image.fromarray(load_sample_image("flower.jpg"))


def cut(number: int, size: int = 150, photograph: Image.Image = CHINA) -> Image.Image:
    left, top = number * 37 % (photograph.width - size), number * 23 % (photograph.height - size)
    return photograph.crop((left, top, left + size, top + size))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Eight sources, each real and fake."""
    (tmp_path / "in" / "real").mkdir(parents=True)
    (tmp_path / "in" / "fake" / "gan").mkdir(parents=True)
    for number in range(8):
        cut(number).save(tmp_path / "in" / "real" / f"{number}.jpg", quality=92)
        cut(number, photograph=FLOWER).save(tmp_path / "in" / "fake" / "gan" / f"{number}.png")
    return tmp_path / "in"


def test_a_data_set_from_folders(good: Path, tmp_path: Path) -> None:
    for number, suffix in enumerate(("jpeg", "webp", "bmp", "PNG")):
        cut(20 + number, size=300).save(good / "real" / f"big{number}.{suffix}")
    info = folder.build(good, tmp_path / "out", crops=2)
    dataset = Dataset(tmp_path / "out")
    assert dataset.info == info
    assert not info.skipped
    assert sum(dataset.count(split) for split in SPLITS) == 8 + 8 + 4 * 2
    assert [one.name for one in info.generators] == ["gan"]
    for split in ("validation", "test"):
        assert dataset.platforms(split) == ["pre_social", "facebook", "telegram", "x"]
    for one in dataset.samples("train"):
        assert one.image.shape == (128, 128, 3)
        assert (one.label, one.generator) == ((1, "gan") if one.source.startswith("fake/") else (0, "camera"))


def test_crops_are_cut_at_native_resolution(good: Path, tmp_path: Path) -> None:
    folder.build(good, tmp_path / "out")
    fakes = [one for one in Dataset(tmp_path / "out").samples("test") if one.label == 1]
    assert fakes
    for one in fakes:
        whole = np.asarray(Image.open(good / one.source))
        assert np.array_equal(one.image, whole[11:139, 11:139]), "the middle of 150 pixels"


def test_a_stem_is_one_source(good: Path, tmp_path: Path) -> None:
    info = folder.build(good, tmp_path / "out")
    split_of: dict[str, set[str]] = {}
    for one in info.sources:
        split_of.setdefault(one.group, set()).add(one.split)
    assert len(split_of) == 8
    assert all(len(splits) == 1 for splits in split_of.values())


def test_the_same_folder_gives_the_same_bytes(good: Path, tmp_path: Path) -> None:
    folder.build(good, tmp_path / "one", seed=5)
    folder.build(good, tmp_path / "two", seed=5)
    assert Dataset(tmp_path / "one").sha256 == Dataset(tmp_path / "two").sha256


def png_with_size(width: int, height: int) -> bytes:
    """A small file that says it is a huge picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")):
        body += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return body


JPEG = encoded(cut(90), "JPEG", quality=90)
BAD_FILES = {
    "truncated.jpg": (JPEG[: len(JPEG) // 2], "truncated"),
    "truncated.png": (encoded(cut(91), "PNG")[:9000], "damaged"),
    "cut-header.jpg": (JPEG[:12], "not an image|damaged"),
    "empty.png": (b"", "not an image of a known format"),
    "text.jpg": (b"These are not the pixels you are looking for.", "not an image of a known format"),
    "jpeg-named.png": (JPEG, "its name says PNG, its content is JPEG"),
    "gif-named.jpg": (encoded(cut(92).convert("P"), "GIF"), "not an image of a known format"),
    "animation.gif": (encoded(cut(93).convert("P"), "GIF"), "its name does not end in"),
    "notes.txt": (b"my notes", "its name does not end in"),
    "small.png": (encoded(cut(94, size=95), "PNG"), "95x95 pixels are fewer than 96"),
    "bomb.png": (png_with_size(30000, 30000), "million"),
    "large.png": (png_with_size(9000, 8000), "9000x8000 pixels are more than 64 million"),
    "sixteen.png": (encoded(Image.fromarray(np.full((128, 128), 999, np.uint16)), "PNG"), "more than 8 bits"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_left_out_is_named(good: Path, tmp_path: Path, name: str) -> None:
    data, reason = BAD_FILES[name]
    (good / "real" / name).write_bytes(data)
    done = CliRunner().invoke(command, ["folder", str(good), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    skipped = Dataset(tmp_path / "out").info.skipped
    assert len(skipped) == 1
    assert re.search(reason, skipped[0]), skipped[0]
    assert skipped[0].startswith(f"real/{name}: ")
    assert f"skipped {skipped[0]}" in done.stdout
    assert f"skipped {skipped[0]}" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named(good: Path, tmp_path: Path) -> None:
    (good / "real" / "0.jpg").chmod(0)
    assert "Permission denied" in folder.build(good, tmp_path / "out").skipped[0]


def test_what_is_no_plain_file_is_named(good: Path, tmp_path: Path) -> None:
    os.mkfifo(good / "real" / "pipe.jpg")
    (good / "real" / "gone.jpg").symlink_to(tmp_path / "nowhere")
    skipped = folder.build(good, tmp_path / "out").skipped
    assert skipped == [f"real/{name}.jpg: it is not a plain file" for name in ("gone", "pipe")]


def test_duplicates_are_named(good: Path, tmp_path: Path) -> None:
    (good / "real" / "copy.jpg").write_bytes((good / "real" / "3.jpg").read_bytes())
    Image.open(good / "fake" / "gan" / "2.png").save(good / "fake" / "gan" / "again.bmp")
    skipped = folder.build(good, tmp_path / "out").skipped
    assert skipped == [
        "real/copy.jpg: it is the same file as real/3.jpg",
        "fake/gan/again.bmp: it is the same image as fake/gan/2.png",
    ]


def test_an_image_in_both_classes_is_in_neither(good: Path, tmp_path: Path) -> None:
    (good / "fake" / "x.jpg").write_bytes((good / "real" / "3.jpg").read_bytes())
    info = folder.build(good, tmp_path / "out")
    assert info.skipped == [
        "real/3.jpg: error: fake/x.jpg is the same image in the other class",
        "fake/x.jpg: error: real/3.jpg is the same image in the other class",
    ]
    assert not {"real/3.jpg", "fake/x.jpg"} & {one.id for one in info.sources}


def test_a_name_that_is_no_text(good: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"strange\xff\x1b[31m\n.jpg")
    cut(40).save(good / "real" / name, "JPEG")
    info = folder.build(good, tmp_path / "out")
    assert "real/strange\\xff\\x1b[31m\\n.jpg" in {one.id for one in info.sources}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("no real", "has no folder real/"),
        ("no fake", "has no folder fake/"),
        ("nothing", "has no folder real/"),
        ("empty", r"real has no usable image: see the reasons, or add images"),
        ("all bad", r"real has no usable image \(8 files were skipped\)"),
        ("two", "2 sources of usable images are too few"),
    ],
)
def test_too_little_is_one_line_and_nothing_is_written(good: Path, tmp_path: Path, spoil: str, message: str) -> None:
    if spoil in ("no real", "no fake"):
        (good / spoil.removeprefix("no ")).rename(tmp_path / "elsewhere")
    elif spoil == "nothing":
        good = tmp_path / "nothing"
    for path in (good / "real").glob("*.jpg"):
        if spoil == "all bad":
            path.write_bytes(b"bad")
        elif spoil == "empty" or (spoil == "two" and path.stem > "1"):
            path.unlink()
    for path in (good / "fake" / "gan").glob("*.png"):
        if spoil == "two" and path.stem > "1":
            path.unlink()
    with pytest.raises(TinydfError, match=message) as caught:
        folder.build(good, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


def test_what_is_not_a_data_set_is_not_replaced(good: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    with pytest.raises(TinydfError, match="out is there and is not a data set"):
        folder.build(good, tmp_path / "out")
    with pytest.raises(TinydfError, match=r"is inside .* which would be replaced"):
        folder.build(good, tmp_path)
    with pytest.raises(TinydfError, match=r"is inside .* which would be replaced"):
        folder.build(good, good)
    assert (tmp_path / "out" / "thesis.tex").read_text() == "years of work"
    assert len(list((good / "real").iterdir())) == 8


SEEDS = [encoded(cut(7), kind) for kind in ("JPEG", "PNG", "WEBP", "BMP")]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(0, 3),
    suffix=st.sampled_from(sorted(folder.FORMATS)),
    cut_at=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=12),
)
def test_any_bytes_are_an_image_or_have_a_reason(
    tmp_path: Path, number: int, suffix: str, cut_at: float, changes: list[tuple[float, int]]
) -> None:
    data = bytearray(SEEDS[number])
    for place, value in changes:
        data[int(place**3 * len(data))] = value  # headers more often than pixels
    path = tmp_path / f"fuzz{suffix}"
    path.write_bytes(data[: int(len(data) * max(cut_at, 0.02))] if cut_at < 0.5 else data)
    try:
        image = folder.read_image(path)
    except folder.Unusable as reason:
        assert str(reason)
    else:
        assert image.dtype == np.uint8 and image.ndim == 3 and min(image.shape[:2]) >= 96

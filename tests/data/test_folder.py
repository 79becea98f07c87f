# SPDX-License-Identifier: Apache-2.0
"""A user's folders: each rule for what is left out has its file here, and none is left out silently."""

import io
import json
import os
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_sample_image

from tinydf.cli.main import main
from tinydf.data import folder
from tinydf.data.dataset import SPLITS, Dataset, DatasetInfo
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
        assert np.array_equal(one.image, whole[8:136, 8:136]), "the middle of 150 pixels, on JPEG's grid"


def test_a_stem_is_one_source(good: Path, tmp_path: Path) -> None:
    info = folder.build(good, tmp_path / "out")
    split_of: dict[str, set[str]] = {}
    for one in info.sources:
        split_of.setdefault(one.group, set()).add(one.split)
    assert len(split_of) == 8
    assert all(len(splits) == 1 for splits in split_of.values())


@pytest.mark.slow
def test_the_same_folder_gives_the_same_bytes(good: Path, tmp_path: Path) -> None:
    folder.build(good, tmp_path / "one", folder.Choice(seed=5))
    folder.build(good, tmp_path / "two", folder.Choice(seed=5), workers=2)
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
    done = CliRunner().invoke(main, ["data", "folder", str(good), "--out", str(tmp_path / "out")])
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


def faces(
    directory: Path, first: int, count: int = 24, photograph: Image.Image = CHINA, suffix: str = "png", **how: Any
) -> None:
    """Different pictures of 160 pixels, every fourth from the first, by names that no other folder has."""
    directory.mkdir(parents=True)
    for number in range(count):
        cut(first + 4 * number, 160, photograph).save(directory / f"{directory.name}-{number}.{suffix}", **how)


@pytest.fixture
def collections(tmp_path: Path) -> Path:
    """Two collections of reals, JPEG and PNG, and two generators, 24 pictures each."""
    faces(tmp_path / "in" / "real" / "ffhq", 0, suffix="jpg", quality=90)
    faces(tmp_path / "in" / "real" / "wild", 2, suffix="jpg", quality=80)
    faces(tmp_path / "in" / "fake" / "gan", 0, photograph=FLOWER)
    faces(tmp_path / "in" / "fake" / "diffusion", 2, photograph=FLOWER, suffix="jpg", quality=85)
    return tmp_path / "in"


def splits_of(info: DatasetInfo, name: str) -> set[str]:
    return {one.split for one in info.sources if one.id.split("/")[1] == name}


@pytest.mark.slow
def test_generators_and_collections_are_folders(collections: Path, tmp_path: Path) -> None:
    info = folder.build(collections, tmp_path / "out", folder.Choice(unseen=("diffusion", "wild")))
    assert [(one.name, one.label, one.seen) for one in info.generators] == [
        ("diffusion", 1, False),
        ("ffhq", 0, True),
        ("gan", 1, True),
        ("wild", 0, False),
    ]
    assert splits_of(info, "diffusion") == splits_of(info, "wild") == {"test"}
    assert splits_of(info, "gan") == splits_of(info, "ffhq") == set(SPLITS)
    assert {one.generator for one in Dataset(tmp_path / "out").samples("train")} == {"ffhq", "gan"}


@pytest.mark.slow
def test_pictures_near_to_each_other_are_in_one_split(collections: Path, tmp_path: Path) -> None:
    (collections / "real" / "reduced").mkdir()
    for number in range(18, 24):
        with Image.open(collections / "real" / "ffhq" / f"ffhq-{number}.jpg") as image:
            image.resize((120, 120)).save(collections / "real" / "reduced" / f"r{number}.webp", quality=60)
    info = folder.build(collections, tmp_path / "out")
    found = {one.id: one for one in info.sources}
    for number in range(18, 24):
        whole, reduced = found[f"real/ffhq/ffhq-{number}.jpg"], found[f"real/reduced/r{number}.webp"]
        assert (whole.group, whole.split) == (reduced.group, reduced.split)
    assert len({one.group for one in info.sources}) > 60, "different pictures stay apart"


def test_splits_from_a_file(collections: Path, tmp_path: Path) -> None:
    names = {
        "train": ["real/ffhq/ffhq-0", "fake/gan/gan-0.png"],
        "val": ["real/ffhq/ffhq-9.jpg", "fake/gan/gan-9"],
        "test": ["real/wild/wild-1", "fake/diffusion/diffusion-1"],
    }
    (tmp_path / "splits.json").write_text(json.dumps(names))
    info = folder.build(collections, tmp_path / "out", folder.Choice(splits=tmp_path / "splits.json"))
    assert {one.id.rpartition(".")[0]: one.split for one in info.sources} == {
        name.removesuffix(".png").removesuffix(".jpg"): {"val": "validation"}.get(split, split)
        for split, some in names.items()
        for name in some
    }
    assert len(info.skipped) == 96 - 6 and all("gives it no split" in line for line in info.skipped)


@pytest.mark.slow
def test_everything_for_test(collections: Path, tmp_path: Path) -> None:
    info = folder.build(collections, tmp_path / "out", folder.Choice(test_only=True))
    assert {one.split for one in info.sources} == {"test"}
    assert not any(one.seen for one in info.generators)


@pytest.mark.slow
def test_what_sources_toml_declares(collections: Path, tmp_path: Path) -> None:
    sent = collections / "fake" / "gan-sent"
    sent.mkdir()
    for path in (collections / "fake" / "gan").iterdir():
        Image.open(path).save(sent / f"{path.stem}.jpg", quality=87)
    (collections / "sources.toml").write_text(
        '["real"]\nlicence = "CC BY 4.0"\n'
        '["real/ffhq"]\nlicence = "CC BY-NC-SA 4.0"\norigin = "FFHQ"\n'
        '["fake/gan-sent"]\nname = "gan"\nplatform = "telegram"\n'
    )
    info = folder.build(collections, tmp_path / "out")
    licences = {one.id.split("/")[1]: one.licence for one in info.sources}
    assert licences == {
        "ffhq": "CC BY-NC-SA 4.0", "wild": "CC BY 4.0", "gan": "not stated", "gan-sent": "not stated",
        "diffusion": "not stated",
    }  # fmt: skip
    assert "FFHQ: real/ffhq/ffhq-0.jpg" in {one.origin for one in info.sources}
    assert [one.name for one in info.generators] == ["diffusion", "ffhq", "gan", "wild"]
    sent_to_test = list(Dataset(tmp_path / "out").samples("test", "telegram"))
    assert sent_to_test and {one.source.split("/")[1] for one in sent_to_test} == {"gan-sent"}, "none is simulated"
    assert Dataset(tmp_path / "out").platforms("test") == ["pre_social", "facebook", "telegram", "x"]


@pytest.mark.slow
def test_linked_folders_are_followed(collections: Path, tmp_path: Path) -> None:
    faces(tmp_path / "far", 1, 12)
    (collections / "real" / "linked").symlink_to(tmp_path / "far")
    (collections / "real" / "ffhq" / "loop").symlink_to(collections / "real")
    info = folder.build(collections, tmp_path / "out")
    assert sum(one.id.startswith("real/linked/") for one in info.sources) == 12
    assert not any("loop" in one.id for one in info.sources)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("licence =", r"sources.toml is not TOML"),
        ('["real/none"]\nlicence = "x"', r'sources.toml: there is no folder "real/none"'),
        ('["real/ffhq"]\nlicense = "x"', r'sources.toml: "real/ffhq": license: unknown key'),
        ('["fake/gan"]\nname = "ffhq"', "'ffhq' is the name of a generator and of a collection"),
    ],
)
def test_sources_toml_that_says_nothing(collections: Path, tmp_path: Path, text: str, message: str) -> None:
    (collections / "sources.toml").write_text(text)
    with pytest.raises(TinydfError, match=message):
        folder.build(collections, tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "splits.json does not exist"),
        ("[]", "says no splits"),
        ('{"training": ["real/ffhq/ffhq-1"]}', "says no splits"),
        ('{"test": ["elsewhere"]}', "names none of the pictures"),
        ('{"test": ["real/ffhq/ffhq-1"]}', "train has no real one"),
    ],
)
def test_files_of_splits_that_say_nothing(collections: Path, tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "splits.json").write_text(content)
    with pytest.raises(TinydfError, match=message):
        folder.build(collections, tmp_path / "out", folder.Choice(splits=tmp_path / "splits.json"))


def test_an_unseen_generator_that_is_not_there(collections: Path, tmp_path: Path) -> None:
    with pytest.raises(TinydfError, match="no generator or collection 'flux': --unseen takes one of diffusion, ffhq"):
        folder.build(collections, tmp_path / "out", folder.Choice(unseen=("flux",)))


@pytest.mark.slow
def test_shortcuts_are_told_and_equalised(collections: Path, tmp_path: Path) -> None:
    command_line = ["data", "folder", str(collections), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, command_line)
    assert done.exit_code == 0, done.output
    assert "shortcut: gan can be told from the reals without its traces: " in done.stderr
    assert "format alone AUC 1.00" in done.stderr and "--equalise" in done.stderr
    found = {(one.kind, one.generator): one.auc for one in Dataset(tmp_path / "out").info.shortcuts or []}
    assert found["format", "gan"] == found["JPEG quality", "gan"] == 1
    assert found["JPEG quality", "diffusion"] > 0.9 and found["size", "gan"] == found["format", "diffusion"] == 0.5

    done = CliRunner().invoke(main, [*command_line, "--equalise"])
    assert done.exit_code == 0, done.output
    found = {(one.kind, one.generator): one.auc for one in Dataset(tmp_path / "out").info.shortcuts or []}
    assert {found[kind, "gan"] for kind in ("format", "size", "JPEG quality")} == {0.5}


@pytest.mark.parametrize(("side", "count", "expected"), [
    (128, 4, [(0, 0)]),
    (512, 1, [(192, 192)]),
    (512, 4, [(64, 64), (64, 320), (320, 64), (320, 320)]),
    (1024, 9, None),
])  # fmt: skip
def test_crops_are_spread_over_the_picture(side: int, count: int, expected: list[tuple[int, int]] | None) -> None:
    places = folder.places(side, side, count)
    assert len(places) == len(set(places)) == (len(expected) if expected else count)
    assert expected is None or sorted(places) == expected
    assert all(top % 8 == left % 8 == 0 and max(top, left) + 128 <= side for top, left in places)
    if side == 1024:
        assert {top for top, _ in places} == {104, 448, 784}

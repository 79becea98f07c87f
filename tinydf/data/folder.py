"""A data set from a user's own `real/` and `fake/` folders.

Files are read as hostile: what an image is comes from its content and must fit its name, its pixels are counted
before they are decoded, and each file that is not used is reported by name with the reason.
"""

import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from tinydf.console import printable, progress, warn
from tinydf.data.assemble import assign_splits, new_dataset, rank, with_shared
from tinydf.data.dataset import (
    FAKE,
    FILE,
    PRE_SOCIAL,
    REAL,
    SPLITS,
    DatasetInfo,
    Generator,
    Sample,
    Shard,
    Source,
    Split,
    write_shards,
)
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes, sha256_file, write_json

CROP = 128
SMALLEST_SIDE = 96
CROPS_AN_IMAGE = 4
MAX_PIXELS = 64_000_000
MAX_FILE_BYTES = 128 << 20
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".bmp": "BMP"}
EIGHT_BIT = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}
CLASSES = {"real": REAL, "fake": FAKE}
CAMERA = "camera"
SHARES: dict[Split, float] = {"test": 0.25, "validation": 0.15}


class Unusable(Exception):
    """An image file that is left out; the message is the reason."""


@dataclass(frozen=True)
class Picture:
    """An image file that is used. `id` is its path below the folder, `pixels` the SHA-256 of its decoded RGB."""

    id: str
    path: Path
    label: int
    generator: str
    sha256: str
    pixels: str

    @property
    def group(self) -> str:
        """Files of one name in `real/` and `fake/` show one source."""
        return printable(self.path.stem)


def build(directory: Path, out: Path, seed: int = 0, crops: int = CROPS_AN_IMAGE) -> DatasetInfo:
    """Make a data set from `directory/real` and `directory/fake`.

    Crops are cut at native resolution, 128x128 (or the whole side of an image between 96 and 128 pixels). In `fake/`
    the name of a folder is the name of the generator. Every fourth source or so is for test.

    Args:
        directory: the folder that has the two.
        out: the data set directory; a data set that is there is replaced when the new one is complete.
        seed: chooses the splits.
        crops: how many crops are cut from an image at most, nearest to its middle first.

    Returns:
        What was written to `dataset.json`; `skipped` names each file that was left out, with the reason.

    Raises:
        TinydfError: if a folder is missing or has no usable image, or there are too few sources for three splits.
    """
    for name in CLASSES:
        if not (directory / name).is_dir():
            raise TinydfError(f"{directory} has no folder {name}/", "put the images in its real/ and fake/ folders")
    if directory.resolve().is_relative_to(out.resolve()):
        raise TinydfError(f"{directory} is inside {out}, which would be replaced", "give --out another directory")
    pictures, skipped = examine(directory)
    for line in skipped:
        warn(f"skipped {line}")
    for name, label in CLASSES.items():
        if not any(one.label == label for one in pictures):
            left_out = f" ({len(skipped)} files were skipped)" if skipped else ""
            raise TinydfError(f"{directory / name} has no usable image{left_out}", "see the reasons, or add images")
    splits = _splits(pictures, seed)
    with new_dataset(out) as aside:
        shards: list[Shard] = []
        for split in SPLITS:
            mine = [one for one in pictures if splits[one.id] == split]
            mine.sort(key=lambda one: rank(seed, one.id))
            shards += write_shards(aside, split, PRE_SOCIAL, _samples(mine, split, crops))
        shards = with_shared(aside, shards, seed)
        info = DatasetInfo(
            name=directory.resolve().name,
            tier="folder",
            seed=seed,
            crop=CROP,
            sources=[_source(one, splits[one.id]) for one in pictures],
            generators=_generators(pictures, splits),
            shards=shards,
            skipped=skipped,
        )
        write_json(aside / FILE, info)
    return info


def examine(directory: Path) -> tuple[list[Picture], list[str]]:
    """Decode every file below `real/` and `fake/` once.

    Returns:
        The usable pictures, ordered by path, and for each other file a line with its name and the reason.
    """
    pictures: list[Picture] = []
    skipped: list[str] = []
    files = [(name, path) for name in CLASSES for path in files_below(directory / name)]
    with progress() as bar:
        task = bar.add_task("reading images", total=len(files), tally="")
        for name, path in files:
            try:
                pictures.append(_examine_one(directory, name, path))
            except Unusable as reason:
                skipped.append(f"{printable(path.relative_to(directory))}: {reason}")
            bar.update(task, advance=1, tally=f"{len(skipped)} skipped" if skipped else "")
    pictures, twice = _without_duplicates(pictures)
    return pictures, skipped + twice


def files_below(directory: Path) -> list[Path]:
    """All files below a directory, of every kind, in the order of their paths."""
    found = (Path(root) / name for root, _, names in os.walk(directory) for name in names)
    return sorted(found)


def _examine_one(directory: Path, class_name: str, path: Path) -> Picture:
    image = read_image(path)
    parts = path.relative_to(directory / class_name).parts
    generator = parts[0] if len(parts) > 1 else "fake"
    return Picture(
        id=printable(path.relative_to(directory)),
        path=path,
        label=CLASSES[class_name],
        generator=CAMERA if class_name == "real" else printable(generator),
        sha256=sha256_file(path),
        pixels=sha256_bytes(f"{image.shape}".encode() + image.tobytes()),
    )


def read_image(path: Path, upright: bool = False) -> NDArray[np.uint8]:
    """Decode an image file of a user.

    Args:
        path: the file.
        upright: turn it by its EXIF orientation; this moves the JPEG grid, so that only a platform's copy asks for it.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        Unusable: with the reason.
    """
    expected = FORMATS.get(path.suffix.lower())
    if expected is None:
        raise Unusable(f"its name does not end in {', '.join(FORMATS)}")
    try:
        if not path.is_file():
            raise Unusable("it is not a plain file")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Unusable(f"it is longer than {MAX_FILE_BYTES >> 20} MiB")
        with warnings.catch_warnings(), Image.open(path, formats=sorted(set(FORMATS.values()))) as image:
            warnings.simplefilter("ignore")
            _check(image, expected)
            turned = ImageOps.exif_transpose(image) if upright else image
            return np.asarray(turned.convert("RGB"))
    except Unusable:
        raise
    except UnidentifiedImageError:
        raise Unusable("its content is not an image of a known format") from None
    except Image.DecompressionBombError:
        raise Unusable(f"it has more than {MAX_PIXELS // 1_000_000} million pixels") from None
    except Exception as error:  # a decoder may raise anything: the file is at fault
        raise Unusable(f"it is damaged ({error})") from None


def _check(image: Image.Image, expected: str) -> None:
    width, height = image.size
    found = {"MPO": "JPEG"}.get(image.format or "", image.format)  # telephones' JPEG with a preview behind it
    if found != expected:
        raise Unusable(f"its name says {expected}, its content is {found}")
    if width * height > MAX_PIXELS:
        raise Unusable(f"its {width}x{height} pixels are more than {MAX_PIXELS // 1_000_000} million")
    if min(width, height) < SMALLEST_SIDE:
        raise Unusable(f"its {width}x{height} pixels are fewer than {SMALLEST_SIDE} a side")
    if image.mode not in EIGHT_BIT:
        raise Unusable(f"it has more than 8 bits a channel ({image.mode})")


def _without_duplicates(pictures: list[Picture]) -> tuple[list[Picture], list[str]]:
    """Keep the first of equal images; of an image in both classes keep none, as no one knows which is right."""
    alike: defaultdict[str, list[Picture]] = defaultdict(list)
    for one in pictures:
        alike[one.pixels].append(one)
    kept, lines = [], []
    for one in pictures:
        same = alike[one.pixels]
        other = next((rival for rival in same if rival.label != one.label), None)
        if other:
            lines.append(f"{one.id}: error: {other.id} is the same image in the other class")
        elif one is not same[0]:
            what = "file" if one.sha256 == same[0].sha256 else "image"
            lines.append(f"{one.id}: it is the same {what} as {same[0].id}")
        else:
            kept.append(one)
    return kept, lines


def _splits(pictures: list[Picture], seed: int) -> dict[str, Split]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    classes: defaultdict[str, set[int]] = defaultdict(set)
    for one in pictures:
        groups[one.group].append(one.id)
        classes[one.group].add(one.label)
    strata = {group: str(sorted(labels)) for group, labels in classes.items()}
    splits = assign_splits(groups, strata, SHARES, seed)
    have = Counter((splits[one.id], one.label) for one in pictures)
    if any(not have[split, label] for split in SPLITS for label in CLASSES.values()):
        raise TinydfError(
            f"{len(groups)} sources of usable images are too few for three splits with both classes",
            "give at least three real and three fake images, of different names",
        )
    return splits


def _source(one: Picture, split: Split) -> Source:
    return Source(id=one.id, split=split, origin=one.id, licence="not stated", sha256=one.sha256, group=one.group)


def _generators(pictures: list[Picture], splits: dict[str, Split]) -> list[Generator]:
    fakes = [one for one in pictures if one.label == FAKE]
    trained = {one.generator for one in fakes if splits[one.id] == "train"}
    return [
        Generator(name=name, label=FAKE, origin="fake/", licence="not stated", seen=name in trained)
        for name in sorted({one.generator for one in fakes})
    ]


def _samples(pictures: list[Picture], split: Split, crops: int) -> Iterator[Sample]:
    for one in pictures:
        image = read_image(one.path)
        for number, (top, left) in enumerate(places(image.shape[0], image.shape[1], crops)):
            yield Sample(
                key=f"{one.sha256[:16]}-{number:02d}",
                split=split,
                platform=PRE_SOCIAL,
                label=one.label,
                generator=one.generator,
                source=one.id,
                image=image[top : top + CROP, left : left + CROP],
            )


def places(height: int, width: int, count: int) -> list[tuple[int, int]]:
    """Top and left of at most `count` crops that do not overlap, nearest to the middle first."""
    starts = []
    for side in (height, width):
        cells = max(1, side // CROP)
        if count == 1:
            cells -= (cells + 1) % 2  # an odd number, so that one is in the very middle
        first = max(0, (side - cells * CROP) // 2)
        starts.append([first + cell * CROP for cell in range(cells)])

    def distance(place: tuple[int, int]) -> int:
        return (2 * place[0] + CROP - height) ** 2 + (2 * place[1] + CROP - width) ** 2

    return sorted(((top, left) for top in starts[0] for left in starts[1]), key=distance)[:count]

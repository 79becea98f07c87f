# SPDX-License-Identifier: Apache-2.0
"""A data set from a user's own `real/` and `fake/` folders.

Files are read as hostile: what an image is comes from its content and must fit its name, its pixels are counted
before they are decoded, and each file that is not used is reported by name with the reason.
"""

import json
import logging
import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from tinydf import progress
from tinydf.data.assemble import assign_splits, new_dataset, rank, with_shared, workers_for
from tinydf.data.audit import Traits, audit, traits_of, warning_lines
from tinydf.data.dataset import (
    FAKE,
    FILE,
    REAL,
    SPLITS,
    DatasetInfo,
    Generator,
    Sample,
    Shard,
    Source,
    Split,
    platform_order,
    write_shards,
)
from tinydf.data.declared import Declared, declared_of, read_declared
from tinydf.data.equalise import Common, common_history, equalised
from tinydf.data.near import near_pairs, perceptual_hashes
from tinydf.data.parallel import in_processes
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes, sha256_file, write_json
from tinydf.text import printable

logger = logging.getLogger(__name__)

CROP = 128
SMALLEST_SIDE = 96
CROPS_AN_IMAGE = 4
MAX_PIXELS = 64_000_000
MAX_FILE_BYTES = 128 << 20
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".bmp": "BMP"}
KNOWN_FORMATS = sorted(set(FORMATS.values()))
EIGHT_BIT = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}
CLASSES = {"real": REAL, "fake": FAKE}
CAMERA = "camera"
SPLIT_NAMES: dict[str, Split] = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}
PICTURES_A_JOB = 8
BLOCK = 8
SHARES: dict[Split, float] = {"test": 0.25, "validation": 0.15}


class Unusable(Exception):
    """An image file that is left out; the message is the reason."""


@dataclass(frozen=True)
class Picture:
    """An image file that is used.

    `id` is its path below the folder, `pixels` the SHA-256 of its decoded RGB, `generator` what made it, or the
    collection of a real one; `hashes` are those of `near.perceptual_hashes`.
    """

    id: str
    path: Path
    label: int
    generator: str
    declared: Declared
    sha256: str
    pixels: str
    traits: Traits
    hashes: NDArray[np.float16] | None
    group: str
    """At first its own name: files of one name in `real/` and `fake/` show one source. Near duplicates share one."""

    @property
    def source(self) -> str:
        """Its path without the suffix, as a file of splits may call it."""
        return self.id.rpartition(".")[0]


@dataclass(frozen=True)
class Choice:
    """What decides the splits, beside the pictures.

    Attributes:
        seed: chooses which sources are for validation and test.
        unseen: generators and collections that are for test alone.
        splits: a file that says each picture's split; what it does not name is left out.
        test_only: everything is for test.
    """

    seed: int = 0
    unseen: tuple[str, ...] = ()
    splits: Path | None = None
    test_only: bool = False


def build(
    directory: Path,
    out: Path,
    choice: Choice = Choice(),
    crops: int = CROPS_AN_IMAGE,
    equalise: bool = False,
    workers: int | None = None,
) -> DatasetInfo:
    """Make a data set from `directory/real` and `directory/fake`.

    Crops are cut at native resolution, 128x128 (or the whole side of an image between 96 and 128 pixels). In `fake/`
    the name of a folder is the name of the generator, in `real/` that of the collection; `sources.toml` may say more.

    Args:
        directory: the folder that has the two.
        out: the data set directory; a data set that is there is replaced when the new one is complete.
        choice: what decides the splits.
        crops: how many crops are cut from an image at most, spread evenly over it.
        equalise: cut all pictures to one size and compress them alike, before all else.
        workers: how many processes; as many as the pictures are worth, if not given.

    Returns:
        What was written to `dataset.json`; `skipped` names each file that was left out, with the reason.

    Raises:
        TinydfError: if a folder is missing or has no usable image, there are too few sources for three splits, or the
            file of splits or `sources.toml` is damaged or fits no picture.
    """
    for name in CLASSES:
        if not (directory / name).is_dir():
            raise TinydfError(f"{directory} has no folder {name}/", "put the images in its real/ and fake/ folders")
    if directory.resolve().is_relative_to(out.resolve()):
        raise TinydfError(f"{directory} is inside {out}, which would be replaced", "give --out another directory")
    pictures, skipped = examine(directory, workers)
    common = None
    if equalise and pictures:
        common = _common(pictures)
        pictures, small = _equalise(pictures, common, workers)
        skipped += small
    splits = _splits(pictures, choice, skipped)
    for line in skipped:
        logger.warning("skipped %s", line)
    _demand_both_classes(directory, pictures, skipped)
    _demand_splits(pictures, splits, choice)
    pictures = [one for one in pictures if one.id in splits]
    shortcuts = audit(
        [one.traits for one in pictures], [one.label for one in pictures], [one.generator for one in pictures]
    )
    for line in warning_lines(shortcuts):
        logger.warning("%s%s", line, "" if common else "; --equalise makes format, size and JPEG quality the same")
    with new_dataset(out) as aside:
        shards: list[Shard] = []
        platforms = sorted({one.declared.platform for one in pictures}, key=platform_order)
        for split in SPLITS:
            for platform in platforms:
                mine = [one for one in pictures if (splits[one.id], one.declared.platform) == (split, platform)]
                mine.sort(key=lambda one: rank(choice.seed, one.id))
                shards += write_shards(aside, split, platform, _samples(mine, split, crops, common, workers))
        shards = with_shared(aside, shards, choice.seed)
        info = DatasetInfo(
            name=directory.resolve().name,
            tier="folder",
            seed=choice.seed,
            crop=CROP,
            sources=[_source(one, splits[one.id]) for one in pictures],
            generators=_generators(pictures, splits),
            shards=shards,
            skipped=skipped,
            shortcuts=shortcuts,
        )
        write_json(aside / FILE, info)
    return info


def examine(directory: Path, workers: int | None = None) -> tuple[list[Picture], list[str]]:
    """Decode every file below `real/` and `fake/` once, on all cores.

    Returns:
        The usable pictures, ordered by path, and for each other file a line with its name and the reason. Near
        duplicates share a group.

    Raises:
        TinydfError: as `declared.read_declared` does, or if a generator and a collection have one name.
    """
    declared = read_declared(directory)
    jobs = [
        Examined(directory, name, path, declared_of(declared, path.relative_to(directory)))
        for name in CLASSES
        for path in files_below(directory / name)
    ]
    pictures: list[Picture] = []
    skipped: list[str] = []
    with progress.bar("reading images", len(jobs)) as bar:
        for job, found in zip(jobs, in_processes(_examine_one, jobs, workers or workers_for(len(jobs))), strict=True):
            if isinstance(found, Picture):
                pictures.append(found)
            else:
                skipped.append(f"{printable(job.path.relative_to(directory))}: {found}")
            bar.update(advance=1, tally=f"{len(skipped)} skipped" if skipped else "")
    pictures, twice = _without_duplicates(pictures)
    both = {one.generator for one in pictures if one.label == FAKE} & {
        one.generator for one in pictures if one.label == REAL
    }
    if both:
        raise TinydfError(f"{min(both)!r} is the name of a generator and of a collection", "rename one of the folders")
    return _grouped(pictures), skipped + twice


@dataclass(frozen=True)
class Examined:
    """A file to examine."""

    directory: Path
    class_name: str
    path: Path
    declared: Declared


def _examine_one(job: Examined) -> Picture | str:
    """The picture in a file, or why it is none."""
    try:
        image, traits, hashes = _read(job.path)
    except Unusable as reason:
        return str(reason)
    parts = job.path.relative_to(job.directory / job.class_name).parts
    folder = parts[0] if len(parts) > 1 else {"real": CAMERA, "fake": "fake"}[job.class_name]
    return Picture(
        id=printable(job.path.relative_to(job.directory)),
        path=job.path,
        label=CLASSES[job.class_name],
        generator=printable(job.declared.name or folder),
        declared=job.declared,
        sha256=sha256_file(job.path),
        pixels=sha256_bytes(f"{image.shape}".encode() + image.tobytes()),
        traits=traits,
        hashes=hashes,
        group=printable(job.path.stem),
    )


def _grouped(pictures: list[Picture]) -> list[Picture]:
    """Pictures whose groups are joined where two are near duplicates; a group is called by its first name."""
    leader: dict[str, str] = {}

    def lead(group: str) -> str:
        while group in leader:
            group = leader[group]
        return group

    for first, second in near_pairs([one.hashes for one in pictures]):
        one, other = sorted((lead(pictures[first].group), lead(pictures[second].group)))
        if one != other:
            leader[other] = one
    return [replace(one, group=lead(one.group)) for one in pictures]


def _common(pictures: Sequence[Picture]) -> Common:
    return common_history(
        [one.generator for one in pictures],
        [int(min(one.traits.size)) for one in pictures],
        [one.traits.jpeg[0] for one in pictures],
    )


def _equalise(pictures: list[Picture], common: Common, workers: int | None) -> tuple[list[Picture], list[str]]:
    """The pictures with the traits that they have when they are alike, and a line for each that is too small."""
    kept, lines = [], []
    jobs = [(one.path, common) for one in pictures]
    found = in_processes(_equalised_traits, jobs, workers or workers_for(len(jobs)))
    for one, traits in zip(pictures, found, strict=True):
        if traits:
            kept.append(replace(one, traits=traits))
        else:
            lines.append(f"{one.id}: it is smaller than the {common.side} pixels a side that all are cut to")
    return kept, lines


def _equalised_traits(job: tuple[Path, Common]) -> Traits | None:
    path, common = job
    alike = equalised(read_image(path), common)
    return None if alike is None else traits_of(Image.fromarray(alike), alike, ())


def files_below(directory: Path) -> list[Path]:
    """All files below a directory, of every kind, in the order of their paths.

    Folders that are links are followed, but for one that leads back to a folder around it.
    """
    found = []
    for root, folders, names in os.walk(directory, followlinks=True):
        around = {Path(root).resolve(), *Path(root).resolve().parents}
        folders[:] = [name for name in folders if (Path(root) / name).resolve() not in around]
        found += [Path(root) / name for name in names]
    return sorted(found)


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
    return _read(path, upright)[0]


def _read(path: Path, upright: bool = False) -> tuple[NDArray[np.uint8], Traits, NDArray[np.float16] | None]:
    """An image decoded, with what an audit looks at and its perceptual hashes; raises as `read_image` does."""
    expected = FORMATS.get(path.suffix.lower())
    if expected is None:
        raise Unusable(f"its name does not end in {', '.join(FORMATS)}")
    try:
        if not path.is_file():
            raise Unusable("it is not a plain file")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Unusable(f"it is longer than {MAX_FILE_BYTES >> 20} MiB")
        with warnings.catch_warnings(), Image.open(path, formats=KNOWN_FORMATS) as image:
            warnings.simplefilter("ignore")
            _check(image, expected)
            turned = ImageOps.exif_transpose(image) if upright else image
            rgb = turned.convert("RGB")
            pixels = np.asarray(rgb)
            return pixels, traits_of(image, pixels, KNOWN_FORMATS), perceptual_hashes(rgb)
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


def _splits(pictures: Sequence[Picture], choice: Choice, skipped: list[str]) -> dict[str, Split]:
    """Each picture's split, by its identifier; notes what the file of splits leaves out."""
    known = {one.generator for one in pictures}
    if strange := [name for name in choice.unseen if name not in known]:
        raise TinydfError(
            f"there is no generator or collection {strange[0]!r}", f"--unseen takes one of {', '.join(sorted(known))}"
        )
    if choice.test_only:
        return {one.id: "test" for one in pictures}
    if choice.splits:
        return _said(pictures, choice.splits, skipped)
    held = {one.group for one in pictures if one.generator in choice.unseen}
    groups: defaultdict[str, list[str]] = defaultdict(list)
    made_by: defaultdict[str, set[str]] = defaultdict(set)
    for one in pictures:
        if one.group not in held:
            groups[one.group].append(one.id)
            made_by[one.group].add(one.generator)
    strata = {group: " ".join(sorted(names)) for group, names in made_by.items()}
    splits = assign_splits(groups, strata, SHARES, choice.seed)
    return splits | {one.id: "test" for one in pictures if one.group in held}


def _said(pictures: Sequence[Picture], path: Path, skipped: list[str]) -> dict[str, Split]:
    """The splits that a file gives.

    Raises:
        TinydfError: if it is damaged, names none of the pictures, or one picture or group in two splits.
    """
    mend = (
        'give a JSON object such as {"train": ["real/ffhq/00001.png"], "val": [], "test": []}, paths below the folder'
    )
    try:
        lists = json.loads(path.read_bytes())
        said = {str(name): SPLIT_NAMES[split] for split, names in lists.items() for name in names}
    except FileNotFoundError:
        raise TinydfError(f"{path} does not exist", mend) from None
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise TinydfError(f"{path} says no splits ({type(error).__name__}: {error})", mend) from None
    splits: dict[str, Split] = {}
    of_group: dict[str, Picture] = {}
    for one in pictures:
        split = said.get(one.id) or said.get(one.source)
        if split is None:
            skipped.append(f"{one.id}: {printable(path)} gives it no split")
            continue
        splits[one.id] = split
        first = of_group.setdefault(one.group, one)
        if splits[first.id] != split:
            logger.warning(
                "%s (%s) and %s (%s) show one source, or nearly the same picture",
                *(first.id, splits[first.id], one.id, split),
            )
    if not splits:
        raise TinydfError(f"{path} names none of the pictures", mend)
    return splits


def _demand_both_classes(directory: Path, pictures: Sequence[Picture], skipped: Collection[str]) -> None:
    for name, label in CLASSES.items():
        if not any(one.label == label for one in pictures):
            left_out = f" ({len(skipped)} files were skipped)" if skipped else ""
            raise TinydfError(f"{directory / name} has no usable image{left_out}", "see the reasons, or add images")


def _demand_splits(pictures: Sequence[Picture], splits: Mapping[str, Split], choice: Choice) -> None:
    have = Counter((splits[one.id], one.label) for one in pictures if one.id in splits)
    wanted: Sequence[Split] = ("test",) if choice.test_only else SPLITS
    for split in wanted:
        for name, label in CLASSES.items():
            if not have[split, label]:
                sources = len({one.group for one in pictures})
                raise TinydfError(
                    f"{sources} sources of usable images are too few for three splits with both classes: "
                    f"{split} has no {name} one",
                    "give at least three real and three fake images, of different names, that are not --unseen",
                )


def _source(one: Picture, split: Split) -> Source:
    declared = one.declared
    origin = f"{declared.origin}: {one.id}" if declared.origin else one.id
    return Source(id=one.id, split=split, origin=origin, licence=declared.licence, sha256=one.sha256, group=one.group)


def _generators(pictures: Sequence[Picture], splits: Mapping[str, Split]) -> list[Generator]:
    """The generators and the collections, with what is said of the first picture of each."""
    trained = {one.generator for one in pictures if splits[one.id] == "train"}
    first = {one.generator: one for one in reversed(pictures)}
    return [
        Generator(
            name=name,
            label=FAKE if one.label else REAL,
            origin=one.declared.origin or one.id.rpartition("/")[0],
            licence=one.declared.licence,
            seen=name in trained,
        )
        for name, one in sorted(first.items())
        if name != CAMERA
    ]


@dataclass(frozen=True)
class Cut:
    """Some pictures of one split to cut."""

    pictures: tuple[Picture, ...]
    split: Split
    crops: int
    common: Common | None


def _samples(
    pictures: Sequence[Picture], split: Split, crops: int, common: Common | None, workers: int | None
) -> Iterator[Sample]:
    """The crops of pictures, cut on all cores."""
    jobs = [
        Cut(tuple(pictures[start : start + PICTURES_A_JOB]), split, crops, common)
        for start in range(0, len(pictures), PICTURES_A_JOB)
    ]
    for samples in in_processes(_cut, jobs, workers or workers_for(len(pictures) * crops)):
        yield from samples


def _cut(job: Cut) -> list[Sample]:
    return [sample for one in job.pictures for sample in _cut_one(one, job)]


def _cut_one(one: Picture, job: Cut) -> Iterator[Sample]:
    image = read_image(one.path)
    if job.common:
        alike = equalised(image, job.common)
        assert alike is not None, "too small a picture was left out"
        image = alike
    for number, (top, left) in enumerate(places(image.shape[0], image.shape[1], job.crops)):
        yield Sample(
            key=f"{one.sha256[:16]}-{number:02d}",
            split=job.split,
            platform=one.declared.platform,
            label=one.label,
            generator=one.generator,
            source=one.id,
            image=np.ascontiguousarray(image[top : top + CROP, left : left + CROP]),
        )


def places(height: int, width: int, count: int) -> list[tuple[int, int]]:
    """Top and left of at most `count` crops that do not overlap, nearest to the middle first.

    They are the middles of a square grid of cells that together are the image, so that crops cover a face and not its
    middle alone; on the grid of JPEG's blocks where the image is larger than a crop.
    """
    cells = ceil(sqrt(count))
    starts = [
        [(2 * cell + 1) * side // (2 * many) - CROP // 2 for cell in range(many)]
        for side, many in ((side, min(cells, max(1, side // CROP))) for side in (height, width))
    ]
    grid = [[max(0, start) // BLOCK * BLOCK for start in some] for some in starts]

    def distance(place: tuple[int, int]) -> int:
        return (2 * place[0] + CROP - height) ** 2 + (2 * place[1] + CROP - width) ** 2

    return sorted(((top, left) for top in grid[0] for left in grid[1]), key=distance)[:count]

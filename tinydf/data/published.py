# SPDX-License-Identifier: Apache-2.0
"""Data sets of shared faces as they were published: TrueFace (Boato et al., WIFS 2022) and TrueFake (arXiv 2504.20658).

Both are trees of platform / Real or Fake / collection or generator / subset / pictures. A picture has the same number
before and after sharing; that is how its shared forms land in its split. docs/reference/data.md says where to get them.
"""

import itertools
import json
import logging
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinydf import progress
from tinydf.data.archive import directories_of
from tinydf.data.assemble import assign_splits, new_dataset, rank
from tinydf.data.dataset import (
    FAKE,
    FILE,
    PLATFORMS,
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
from tinydf.data.folder import CAMERA, CROP, FORMATS, Unusable, files_below, places, read_image
from tinydf.data.parallel import in_processes
from tinydf.errors import TinydfError
from tinydf.files import sha256_file, write_json
from tinydf.text import printable

logger = logging.getLogger(__name__)

SHARES: dict[Split, float] = {"test": 0.2, "validation": 0.1}
PICTURES_A_JOB = 16
CLASS_FOLDERS = {"real": REAL, "0_real": REAL, "fake": FAKE, "1_fake": FAKE}
PLATFORM_FOLDERS = {
    "trueface_presocial": PRE_SOCIAL,
    "presocial": PRE_SOCIAL,
    "facebook": "facebook",
    "telegram": "telegram",
    "twitter": "x",
    "x": "x",
}
OTHER_NAMES = {"stylegan1": "stylegan"}
PUBLISHED_SPLITS: dict[str, Split] = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class Published:
    """What a data set has, as its authors say: each folder's subsets, and its pictures before and after sharing."""

    name: str
    subsets: Mapping[str, tuple[str, ...]]
    real: tuple[str, ...]
    before: Mapping[str, int]
    shared: Mapping[str, int]

    def wanted(self, platform: str) -> Mapping[str, int]:
        """Folder -> how many pictures it has as seen on a platform."""
        return self.before if platform == PRE_SOCIAL else self.shared


STYLEGAN = {
    "StyleGAN": ("images-psi-0.5", "images-psi-0.7"),
    "StyleGAN2": ("conf-f-psi-0.5", "conf-f-psi-1"),
}
DIFFUSION = ("StableDiffusion1.5", "StableDiffusion2", "StableDiffusion3", "StableDiffusionXL", "FLUX.1")

TRUEFACE = Published(
    name="TrueFace",
    subsets={"FFHQ": (), **STYLEGAN},
    real=("FFHQ",),
    before={"FFHQ": 70_000, "StyleGAN": 40_000, "StyleGAN2": 40_000},
    shared={"FFHQ": 10_000, "StyleGAN": 5_000, "StyleGAN2": 5_000},
)
TRUEFAKE = Published(
    name="TrueFake",
    subsets={
        "FFHQ": (),
        "FORLAB": (),
        **STYLEGAN,
        "StyleGAN3": ("conf-t-psi-0.5", "conf-t-psi-0.7"),
        **dict.fromkeys(DIFFUSION, ("animals", "faces", "general", "landscapes")),
    },
    real=("FFHQ", "FORLAB"),
    before={
        "FFHQ": 70_000,
        "FORLAB": 30_000,
        **dict.fromkeys(("StyleGAN", "StyleGAN2", "StyleGAN3", *DIFFUSION), 40_000),
    },
    shared={
        "FFHQ": 10_000,
        "FORLAB": 10_000,
        **dict.fromkeys(("StyleGAN", "StyleGAN2", "StyleGAN3", *DIFFUSION), 5_000),
    },
)


@dataclass(frozen=True)
class Picture:
    """A picture as seen on a platform. `source` is the same on each; `split` is what its folder says, if it does."""

    path: Path
    platform: str
    label: int
    folder: str
    subset: str
    source: str
    split: Split | None

    @property
    def generator(self) -> str:
        """Its name in the data set."""
        return CAMERA if self.label == REAL else "/".join(filter(None, (self.folder, self.subset)))


def build(
    published: Published,
    sources: Sequence[Path],
    out: Path,
    seed: int = 0,
    crops: int = 1,
    splits_file: Path | None = None,
    incomplete: bool = False,
    workers: int | None = None,
) -> DatasetInfo:
    """Make a data set from a published one.

    Args:
        published: which.
        sources: its directories or archives, that together hold it.
        out: the data set directory; a data set that is there is replaced when the new one is complete.
        seed: chooses the splits that are not published, and the order.
        crops: how many of 128x128 are cut from a picture at most, at native resolution, nearest to its middle first.
        splits_file: JSON {"train": ["StyleGAN/images-psi-0.5/seed0001", ...], "val": ..., "test": ...}, as TrueFake's.
        incomplete: do with what is there, although pictures are missing.
        workers: how many processes; as many as cores, if not given.

    Returns:
        What was written to `dataset.json`; `skipped` names what was left out.

    Raises:
        TinydfError: if it is not there, not in the published layout, or incomplete, or an archive is refused.
    """
    for path in sources:
        if path.resolve().is_relative_to(out.resolve()):
            raise TinydfError(f"{path} is inside {out}, which would be replaced", "give another OUT")
    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        new_dataset(out) as aside,
        tempfile.TemporaryDirectory(prefix=".tinydf-", dir=out.absolute().parent) as scratch,
    ):
        pictures, skipped = find(published, directories_of(sources, Path(scratch)))
        _check_counts(published, pictures, incomplete)
        splits = _splits(pictures, splits_file, seed)
        _demand_both_classes(pictures, splits)
        shards: list[Shard] = []
        hashes: dict[str, str] = {}
        cuts = _cuts(_jobs(pictures, splits, crops, seed), workers)
        for (split, platform), some in itertools.groupby(cuts, key=lambda cut: (cut.split, cut.picture.platform)):
            shards += write_shards(aside, split, platform, _samples(some, hashes, skipped))
        for line in skipped:
            logger.warning("skipped %s", line)
        info = DatasetInfo(
            name=published.name,
            tier="published",
            seed=seed,
            crop=CROP,
            sources=_sources(published, splits, hashes),
            generators=_generators(published, pictures, splits),
            shards=shards,
            skipped=skipped,
        )
        write_json(aside / FILE, info)
    return info


def find(published: Published, directories: Sequence[Path]) -> tuple[list[Picture], list[str]]:
    """The pictures below directories, by their paths alone.

    Returns:
        The pictures, ordered by source and platform, and a line for each folder or file that is not of the layout.
    """
    pictures: dict[tuple[str, str], Picture] = {}
    skipped, foreign = [], Counter[str]()
    for directory in directories:
        for path in files_below(directory):
            inner = path.relative_to(directory)
            if path.suffix.lower() not in FORMATS or path.name.startswith("."):
                foreign[printable(inner.parent)] += 1
                continue
            one = _place(published, path, (directory.resolve().name, *inner.parts[:-1]))
            if one is None:
                foreign[printable(inner.parent)] += 1
                continue
            first = pictures.setdefault((one.source, one.platform), one)
            if first is not one:
                skipped.append(f"{printable(inner)}: it has the number of {printable(first.path.name)} beside it")
    skipped += [f"{folder}: {count} files are not of {published.name}" for folder, count in sorted(foreign.items())]
    return [one for _, one in sorted(pictures.items())], skipped


def _place(published: Published, path: Path, folders: Sequence[str]) -> Picture | None:
    """What a file is, as the folders above it say; None if they are not of the layout."""
    lower = [OTHER_NAMES.get(name.lower(), name.lower()) for name in folders]
    known = {name.lower(): name for name in published.subsets}
    for place in range(1, len(lower) - 1):
        platform, label = PLATFORM_FOLDERS.get(lower[place - 1]), CLASS_FOLDERS.get(lower[place])
        folder = known.get(lower[place + 1])
        if platform is None or label is None or folder is None:
            continue
        subsets = published.subsets[folder]
        subset = "".join(folders[place + 2 : place + 3]) if subsets else ""
        if (label == REAL) != (folder in published.real) or (subsets and subset not in subsets):
            return None
        said = [PUBLISHED_SPLITS[name] for name in lower[:place] if name in PUBLISHED_SPLITS]
        return Picture(
            path=path,
            platform=platform,
            label=label,
            folder=folder,
            subset=subset,
            source=_source_of(folder, subset, path.stem),
            split=said[-1] if said else None,
        )
    return None


def _source_of(folder: str, subset: str, stem: str) -> str:
    """A picture's name on every platform: seed0042, 00042_FB and 42 are one."""
    plain = re.sub(r"_(FB|TL|TG|TW|X)$", "", stem, flags=re.IGNORECASE)
    number = re.fullmatch(r"(?:seed)?0*(\d+)", plain)
    return "/".join(filter(None, (folder, subset, number[1] if number else printable(plain))))


def _check_counts(published: Published, pictures: Sequence[Picture], incomplete: bool) -> None:
    """Say how many pictures of each folder are there, and refuse a set with fewer than were published.

    Raises:
        TinydfError: if pictures are missing and that was not accepted, or there are none at all.
    """
    if not pictures:
        raise TinydfError(f"there is no picture in {published.name}'s layout", "the layout: docs/reference/data.md")
    found = Counter((one.platform, one.folder) for one in pictures)
    subsets = Counter((one.platform, one.folder, one.subset) for one in pictures)
    missing = []
    for platform in PLATFORMS:
        for folder, wanted in published.wanted(platform).items():
            have = found[platform, folder]
            parts = ", ".join(f"{name} {subsets[platform, folder, name]}" for name in published.subsets[folder])
            line = f"{platform} {folder}: {have} of {wanted}{f' ({parts})' if parts else ''}"
            logger.info("%s", line)
            empty = any(not subsets[platform, folder, name] for name in published.subsets[folder])
            if have < wanted or empty:
                missing.append(line)
    if missing and not incomplete:
        raise TinydfError(
            f"{published.name} is incomplete, in {len(missing)} folders ({missing[0]})",
            "download the rest, or say --incomplete to do with what is there",
        )


def _splits(pictures: Sequence[Picture], splits_file: Path | None, seed: int) -> dict[str, Split]:
    """A split for each source: as the file says, or as its folder does, or else by shares.

    Sources that the file does not name have none. By shares, those that were shared and those that were not are spread
    over the splits by themselves, as are the subsets; without published validation pictures some of train's are it.
    """
    if splits_file:
        return _read_splits(splits_file, {one.source for one in pictures})
    said = {one.source: one.split for one in pictures if one.split}
    if said and "validation" not in said.values():
        train = {source for source, split in said.items() if split == "train"}
        said |= _by_shares([one for one in pictures if one.source in train], {"validation": SHARES["validation"]}, seed)
    rest = [one for one in pictures if one.source not in said]
    return said | _by_shares(rest, SHARES, seed)


def _by_shares(pictures: Sequence[Picture], shares: Mapping[Split, float], seed: int) -> dict[str, Split]:
    shared = {one.source for one in pictures if one.platform != PRE_SOCIAL}
    strata = {one.source: f"{one.folder}/{one.subset} {one.source in shared}" for one in pictures}
    return assign_splits({source: [source] for source in strata}, strata, shares, seed)


def _read_splits(path: Path, sources: set[str]) -> dict[str, Split]:
    hint = 'give a JSON object such as {"train": ["StyleGAN/images-psi-0.5/seed0001"], "val": [], "test": []}'
    try:
        said = json.loads(path.read_bytes())
        splits = {
            _source_of(*_folder_and_subset(name), name.rpartition("/")[2]): PUBLISHED_SPLITS[split]
            for split, names in said.items()
            for name in names
        }
    except FileNotFoundError:
        raise TinydfError(f"{path} does not exist", hint) from None
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise TinydfError(f"{path} says no splits ({type(error).__name__}: {error})", hint) from None
    if not sources & set(splits):
        raise TinydfError(f"{path} names none of the pictures", hint)
    return splits


def _folder_and_subset(name: str) -> tuple[str, str]:
    folder, _, rest = name.partition("/")
    return folder, rest.rpartition("/")[0]


@dataclass(frozen=True)
class Job:
    """Some pictures of one split and platform, for a worker."""

    pictures: tuple[Picture, ...]
    split: Split
    crops: int


@dataclass(frozen=True)
class Cut:
    """What a worker made of one picture: its crops, or the reason why there are none."""

    picture: Picture
    split: Split
    samples: list[Sample]
    sha256: str = ""
    reason: str = ""


def _jobs(pictures: Sequence[Picture], splits: Mapping[str, Split], crops: int, seed: int) -> list[Job]:
    """All pictures that have a split, split by split and platform by platform, in an order without meaning."""
    parts: defaultdict[tuple[Split, str], list[Picture]] = defaultdict(list)
    for one in sorted(pictures, key=lambda one: rank(seed, one.source)):
        if one.source in splits:
            parts[splits[one.source], one.platform].append(one)
    return [
        Job(tuple(mine[start : start + PICTURES_A_JOB]), split, crops)
        for split in SPLITS
        for mine in (parts[split, platform] for platform in PLATFORMS)
        for start in range(0, len(mine), PICTURES_A_JOB)
    ]


def _cuts(jobs: Sequence[Job], workers: int | None) -> Iterator[Cut]:
    """The jobs' pictures, cut on all cores, in the jobs' order."""
    with progress.bar("cutting", sum(len(job.pictures) for job in jobs)) as bar:
        for cuts in in_processes(_cut, jobs, workers):
            yield from cuts
            bar.update(advance=len(cuts))


def _samples(cuts: Iterable[Cut], hashes: dict[str, str], skipped: list[str]) -> Iterator[Sample]:
    """The crops of pictures; notes the SHA-256 of each source, and what could not be used."""
    for cut in cuts:
        if cut.reason:
            skipped.append(f"{cut.picture.platform} {printable(cut.picture.path.name)}: {cut.reason}")
        else:
            hashes.setdefault(cut.picture.source, cut.sha256)
            yield from cut.samples


def _cut(job: Job) -> list[Cut]:
    return [_cut_one(one, job.split, job.crops) for one in job.pictures]


def _cut_one(one: Picture, split: Split, crops: int) -> Cut:
    try:
        image = read_image(one.path)
    except Unusable as reason:
        return Cut(one, split, [], reason=str(reason))
    samples = [
        Sample(
            key=f"{rank(0, one.source)[:16]}-{number:02d}",
            split=split,
            platform=one.platform,
            label=one.label,
            generator=one.generator,
            source=one.source,
            image=np.ascontiguousarray(image[top : top + CROP, left : left + CROP]),
        )
        for number, (top, left) in enumerate(places(image.shape[0], image.shape[1], crops))
    ]
    return Cut(one, split, samples, sha256=sha256_file(one.path))


def _demand_both_classes(pictures: Sequence[Picture], splits: Mapping[str, Split]) -> None:
    """Refuse splits that nothing can be learned from or judged by.

    Raises:
        TinydfError: if a split lacks a class.
    """
    have = {(splits.get(one.source), one.label) for one in pictures}
    for split in SPLITS:
        for label, name in ((REAL, "real"), (FAKE, "fake")):
            if (split, label) not in have:
                raise TinydfError(f"the {split} split would have no {name} picture", "download more of the set")


def _sources(published: Published, splits: Mapping[str, Split], hashes: Mapping[str, str]) -> list[Source]:
    """Each picture that crops were cut from, once; with the SHA-256 of the file before sharing, where it is there."""
    return [
        Source(
            id=source,
            split=splits[source],
            origin=f"{published.name}: {source}",
            licence=f"{published.name}'s terms",
            sha256=hashes[source],
            group=source,
        )
        for source in sorted(hashes)
    ]


def _generators(published: Published, pictures: Sequence[Picture], splits: Mapping[str, Split]) -> list[Generator]:
    fakes = [one for one in pictures if one.label == FAKE and one.source in splits]
    trained = {one.generator for one in fakes if splits[one.source] == "train"}
    return [
        Generator(
            name=name, label=FAKE, origin=published.name, licence=f"{published.name}'s terms", seen=name in trained
        )
        for name in sorted({one.generator for one in fakes})
    ]

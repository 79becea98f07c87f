# SPDX-License-Identifier: Apache-2.0
"""The embedded data set: photographs from registry packages, and their regenerations by packaged generators.

A photograph is reduced, which forgets its JPEG, and cut into cells. Real are the untouched crops and classical
controls of them: the crop reduced to its half and enlarged again by a plain filter. Fake is the same half painted at
full size by a neural generator. Real and fake thus show the same content at the same sharpness, and only the traces
of the generator tell them apart (AutoGAN, arXiv 1907.06515).
"""

import functools
import importlib.util
import io
import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tinydf import progress
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
from tinydf.data.generators import RECIPES, SCALE, Painter
from tinydf.data.packages import fetch
from tinydf.data.parallel import in_processes
from tinydf.data.photographs import COLLECTIONS, FACES, Collection, Photograph, photographs
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes, write_json

CROP = 128
MARGIN = 16
"""Pixels of the photograph around a crop that generators and filters see, so that no border effect is in the crop."""

LONGEST_SIDE = 2048
FORGET_JPEG = 0.72
FACE_SIDE = CROP + 2 * MARGIN
FLATTEST = 1.5
"""The least standard deviation of a cell's detail, in grey levels; below it is sky or blur, with no trace to find."""

PHOTOGRAPH_SHARES: dict[Split, float] = {"test": 0.38, "validation": 0.15}  # enough photographs to judge by
FACE_SHARES: dict[Split, float] = {"test": 0.25, "validation": 0.15}
CROPS_A_PHOTOGRAPH: dict[Split, int] = {"train": 40, "validation": 12, "test": 12}
FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "bilinear": Image.Resampling.BILINEAR,
}
CAMERA = "camera"
SEEN = ("default2", "anime2")

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Tier:
    """What a tier is made of; `unseen` generators make images of the test split only."""

    collections: tuple[Collection, ...]
    unseen: tuple[str, ...]
    needs_acceptance: bool


TIERS = {
    "demo": Tier(COLLECTIONS, unseen=("med2",), needs_acceptance=False),
    "full": Tier((*COLLECTIONS, FACES), unseen=("med2", "thick2", "x4plus", "fhae"), needs_acceptance=True),
}


@dataclass(frozen=True)
class Job:
    """What one worker does in one go: cut a photograph and make its crops' variants."""

    photograph: Photograph
    split: Split
    crops: int
    unseen: tuple[str, ...]
    seed: int


def build(
    out: Path, tier: str = "demo", seed: int = 0, accept_licence: bool = False, crops: int | None = None
) -> DatasetInfo:
    """Make the embedded data set.

    Args:
        out: the data set directory; a data set that is there is replaced when the new one is complete.
        tier: "demo" (photographs of free licence) or "full" (more generators, and faces for research).
        seed: chooses the splits, the cells, and what becomes of each.
        accept_licence: that the user may use the full tier's faces.
        crops: at most so many base crops in all, from few photographs; for quick tests.

    Returns:
        What was written to `dataset.json`. The same arguments give the same bytes on the same kind of machine.

    Raises:
        TinydfError: if the tier is not known, its licence is not accepted, or a package cannot be had.
    """
    if tier not in TIERS:
        raise TinydfError(f"tier {tier!r} is not known", f"choose one of {', '.join(TIERS)}")
    parts = TIERS[tier]
    if parts.needs_acceptance and not accept_licence:
        raise TinydfError(
            f"the {tier} tier has CelebA's faces, for non-commercial research only, never to be passed on",
            "say --accept-licence if that is your use, or take --tier demo",
        )
    if importlib.util.find_spec("torch") is None:
        raise ModuleNotFoundError("the generators run on torch", name="torch")  # before anything is fetched
    pictures = [one for collection in parts.collections for one in photographs(collection)]
    names = SEEN + parts.unseen
    files = {name: fetch(RECIPES[name].package) for name in names}
    splits = splits_of(pictures, seed)
    with new_dataset(out) as aside:
        samples = work(_jobs(pictures, splits, parts.unseen, seed, crops), files)
        shards: list[Shard] = []
        for split in SPLITS:
            mine = sorted((one for one in samples if one.split == split), key=lambda one: rank(seed, one.key))
            shards += write_shards(aside, split, PRE_SOCIAL, mine)
        shards = with_shared(aside, shards, seed)
        used = {one.source for one in samples}
        made = {one.generator for one in samples}
        info = DatasetInfo(
            name="demo",
            tier=tier,
            seed=seed,
            crop=CROP,
            sources=[_source(one, splits[one.id]) for one in pictures if one.id in used],
            generators=[one for one in generators(names) if one.name in made],
            shards=shards,
        )
        write_json(aside / FILE, info)
    return info


def splits_of(pictures: list[Photograph], seed: int) -> dict[str, Split]:
    """A split for each photograph: by shares within each collection, photographs of one scene together."""
    splits: dict[str, Split] = {}
    for shares, wanted in ((PHOTOGRAPH_SHARES, False), (FACE_SHARES, True)):
        mine = [one for one in pictures if (one.collection == FACES.name) == wanted]
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for one in mine:
            groups[one.group].append(one.id)
        splits |= assign_splits(groups, {one.group: one.collection for one in mine}, shares, seed)
    return splits


def _jobs(
    pictures: list[Photograph], splits: dict[str, Split], unseen: tuple[str, ...], seed: int, crops: int | None
) -> list[Job]:
    limits = {one.id: CROPS_A_PHOTOGRAPH[splits[one.id]] for one in pictures}
    if crops is not None:
        pictures = _few(pictures, splits, crops)
        limits = dict.fromkeys(limits, crops // len(pictures))
    return [Job(one, splits[one.id], limits[one.id], unseen, seed) for one in pictures]


def _few(pictures: list[Photograph], splits: dict[str, Split], count: int) -> list[Photograph]:
    """Photographs from each split in turn, at most `count`."""
    by_split = [[one for one in pictures if splits[one.id] == split] for split in SPLITS]
    return [one for turn in itertools.zip_longest(*by_split) for one in turn if one is not None][:count]


def _source(picture: Photograph, split: Split) -> Source:
    return Source(
        id=picture.id,
        split=split,
        origin=picture.origin,
        licence=picture.licence,
        sha256=sha256_bytes(picture.data),
        group=picture.group,
    )


def generators(names: tuple[str, ...]) -> list[Generator]:
    neural = [
        Generator(
            name=name,
            label=FAKE,
            origin=str(RECIPES[name].package),
            licence=RECIPES[name].package.licence,
            sha256=RECIPES[name].package.sha256,
            seen=name in SEEN,
        )
        for name in names
    ]
    controls = [
        Generator(name=name, label=REAL, origin="Pillow, reduced and enlarged by 2", licence="MIT-CMU", seen=True)
        for name in FILTERS
    ]
    return neural + controls


# Below: what runs in the worker processes.

_files: dict[str, Path] = {}


def work(jobs: list[Job], files: dict[str, Path]) -> list[Sample]:
    """Do the jobs in processes of one thread each; the samples come in the jobs' order."""
    samples: list[Sample] = []
    with progress.bar("photographs", len(jobs)) as bar:
        for made in in_processes(_make, jobs, prepare=partial(_start_worker, files)):
            samples += made
            bar.update(advance=1, tally=f"{len(samples)} images")
    return samples


def _start_worker(files: dict[str, Path]) -> None:
    import torch

    torch.set_num_threads(1)  # several threads on a loaded machine were twenty times slower
    _files.update(files)


@functools.cache
def _painter(name: str) -> Painter:
    return Painter(RECIPES[name], _files[name])


def _make(job: Job) -> list[Sample]:
    """Cut one photograph and make the variants of its crops."""
    with Image.open(io.BytesIO(job.photograph.data), formats=["JPEG", "PNG"]) as image:
        reduced = reduce(image.convert("RGB"), is_face=job.photograph.collection == FACES.name)
    samples = []
    for number, (top, left) in enumerate(choose_cells(reduced, job.crops, job.seed, job.photograph.id)):
        size = CROP + 2 * MARGIN
        context = reduced[top : top + size, left : left + size]
        for generator, variant in _variants(context, job, number):
            samples.append(
                Sample(
                    key=f"{job.photograph.id}-{number:02d}-{generator}",
                    split=job.split,
                    platform=PRE_SOCIAL,
                    label=FAKE if generator in RECIPES else REAL,
                    generator=generator,
                    source=job.photograph.id,
                    image=variant,
                )
            )
    return samples


def reduce(image: Image.Image, is_face: bool = False) -> Pixels:
    """Reduce a photograph, which makes its JPEG grid unseen.

    A photograph becomes at most 2048 pixels long and at most 0.72 of what it was. An aligned face of 178x218 becomes
    as wide as one crop with its margin, and is cut to its middle.

    Returns:
        uint8 [height, width, 3].
    """
    if is_face:
        return np.asarray(ImageOps.fit(image, (FACE_SIDE, FACE_SIDE), Image.Resampling.LANCZOS))
    factor = min(FORGET_JPEG, LONGEST_SIDE / max(image.size))
    width, height = (round(side * factor) for side in image.size)
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))


def choose_cells(image: Pixels, count: int, seed: int, name: str) -> list[tuple[int, int]]:
    """Choose at most `count` cells of a photograph that are not flat: top and left of each, its margin included."""
    height, width = image.shape[:2]
    grid = [
        (top, left)
        for top in range(0, height - CROP - 2 * MARGIN + 1, CROP)
        for left in range(0, width - CROP - 2 * MARGIN + 1, CROP)
    ]
    grey = image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    detail = grey[1:-1, 1:-1] - (grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]) / 4
    textured = [
        (top, left)
        for top, left in grid
        if detail[top + MARGIN : top + MARGIN + CROP, left + MARGIN : left + MARGIN + CROP].std() >= FLATTEST
    ]
    return sorted(textured, key=lambda cell: rank(seed, f"{name}/{cell}"))[:count]


def _variants(context: Pixels, job: Job, number: int) -> Iterator[tuple[str, Pixels]]:
    """The images made from one crop with its margin: generator's name, uint8 [128, 128, 3].

    In training and validation a crop gives the untouched crop, one control and each seen generator's fake. In test it
    gives one real and one fake image in turn, so that more places are seen and every generator has as many.
    """
    turn = number + int(rank(job.seed, job.photograph.id), 16)
    control = list(FILTERS)[turn // 2 % len(FILTERS)]
    half = _resize(context, len(context) // SCALE, control)
    fakes = SEEN if job.split != "test" else ((SEEN + job.unseen)[turn % len(SEEN + job.unseen)],)
    reals = (CAMERA, control) if job.split != "test" else ((CAMERA, control)[turn % 2],)
    for name in reals:
        yield name, _cut(context if name == CAMERA else _resize(half, len(context), control))
    for name in fakes:
        yield name, _cut(_painter(name)(context, half))


def _resize(image: Pixels, size: int, filter_name: str) -> Pixels:
    return np.asarray(Image.fromarray(image).resize((size, size), FILTERS[filter_name]))


def _cut(context: Pixels) -> Pixels:
    return np.ascontiguousarray(context[MARGIN : MARGIN + CROP, MARGIN : MARGIN + CROP])

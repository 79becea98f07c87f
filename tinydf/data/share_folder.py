# SPDX-License-Identifier: Apache-2.0
"""`tinydf data share`: a folder of pictures as platforms would hand them out, on all cores or on a Ray cluster.

Each picture's result depends on it, the chain of platforms and the seed alone, and appears whole or not at all. So
what was interrupted resumes where it stopped, wherever it is done.
"""

import itertools
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from tinydf import progress
from tinydf.data.dataset import Strict
from tinydf.data.folder import Unusable, files_below, read_image
from tinydf.data.parallel import in_processes, in_ray
from tinydf.data.social import RULES, share_photograph
from tinydf.errors import TinydfError
from tinydf.files import atomic_path, read_record, write_json
from tinydf.text import printable

logger = logging.getLogger(__name__)

FILE = "share.json"
MADE_BY = "tinydf data share"
PICTURES_A_JOB = 8


class Settings(Strict):
    """`share.json`: what was done to the pictures beside it."""

    format: Literal[1] = 1
    platforms: list[str] = Field(description="in the order of the shares")
    seed: int


class ShareReport(Strict):
    """What became of a folder's files."""

    out: str
    platforms: list[str]
    files: int = Field(description="in the folder and below")
    shared: int = Field(description="now")
    already: int = Field(description="shared before, by an interrupted or earlier call")
    skipped: list[str] = Field(description="files that are no pictures that can be used, each with the reason")
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class Job:
    """Some files of a folder, by their paths below it, and what becomes of them."""

    directory: Path
    out: Path
    files: tuple[Path, ...]
    settings: Settings


def share_folder(
    directory: Path,
    out: Path,
    platforms: Sequence[str],
    seed: int = 0,
    workers: int | None = None,
    ray: str | None = None,
) -> ShareReport:
    """Share each picture of a folder; `out` gets a JPEG for each, under the same path.

    Args:
        directory: the folder; those in it are read, too.
        out: where to write; a folder that does not exist, is empty, or holds what an earlier call left.
        platforms: keys of `social.RULES`, in the order of the shares.
        seed: see `social.share_photograph`.
        workers: how many processes; as many as cores, if not given.
        ray: a Ray cluster's address, to do it there.

    Raises:
        TinydfError: if a folder or platform cannot be used, no picture can, or `out` holds other things.
    """
    settings = Settings(platforms=list(platforms), seed=seed)
    directory, out = directory.absolute(), out.absolute()
    _check(directory, out, settings)
    files = [path.relative_to(directory) for path in files_below(directory)]
    if not files:
        raise TinydfError(f"{directory} has no files", "give the folder that has the pictures")
    fresh, already, skipped = _sort_out(directory, out, files)
    write_json(out / FILE, settings)
    jobs = [Job(directory, out, some, settings) for some in _batches(fresh)]
    begin = time.monotonic()
    with progress.bar("sharing", len(fresh)) as bar:
        done = in_ray(_share_files, jobs, ray) if ray else in_processes(_share_files, jobs, workers)
        for job, lines in zip(jobs, done, strict=True):
            for line in lines:
                logger.warning("skipped %s", line)
            skipped += lines
            bar.update(advance=len(job.files), tally=f"{len(skipped)} skipped" if skipped else "")
    seconds = time.monotonic() - begin
    shared = len(files) - already - len(skipped)
    if not shared + already:
        raise TinydfError(f"{directory} has no usable picture ({len(skipped)} files were skipped)", "see the reasons")
    return ShareReport(
        out=str(out),
        platforms=settings.platforms,
        files=len(files),
        shared=shared,
        already=already,
        skipped=skipped,
        seconds=round(seconds, 3),
        images_per_second=round(shared / seconds, 1) if shared else 0,
    )


def _check(directory: Path, out: Path, settings: Settings) -> None:
    if unknown := [name for name in settings.platforms if name not in RULES]:
        raise TinydfError(f"platform {unknown[0]!r} is not known", f"choose one or several of {', '.join(RULES)}")
    if not settings.platforms:
        raise TinydfError("no platform is given", f"choose one or several of {', '.join(RULES)}")
    if not directory.is_dir():
        raise TinydfError(f"{directory} is not a directory", "give the folder that has the pictures")
    if out.resolve().is_relative_to(directory.resolve()):
        raise TinydfError(f"{out} is inside {directory}, which is read", "write to another folder")
    if (out / FILE).exists():
        if read_record(Settings, out / FILE, MADE_BY) != settings:
            raise TinydfError(f"{out} was shared otherwise, as its {FILE} says", "write to another folder")
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TinydfError(f"{out} is there and was not made by `{MADE_BY}`", "write to a new folder")


def _sort_out(directory: Path, out: Path, files: list[Path]) -> tuple[list[Path], int, list[str]]:
    """The files that are still to be shared, how many were already, and a line for each that cannot be."""
    fresh, already, skipped = [], 0, []
    taken: dict[Path, Path] = {}
    for file in files:
        target = out / _target(file)
        first = taken.setdefault(target, file)
        if first != file:
            skipped.append(f"{printable(file)}: its result would have the name of {printable(first)}'s")
        elif target.is_file() and target.stat().st_mtime >= (directory / file).lstat().st_mtime:
            already += 1
        else:
            fresh.append(file)
    for line in skipped:
        logger.warning("skipped %s", line)
    return fresh, already, skipped


def _target(file: Path) -> Path:
    return file.with_suffix(".jpg")


def _batches(files: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    remaining = iter(files)
    while batch := tuple(itertools.islice(remaining, PICTURES_A_JOB)):
        yield batch


def _share_files(job: Job) -> list[str]:
    """Share some files, in a worker; a line for each that cannot be used, with the reason."""
    lines = []
    for file in job.files:
        try:
            image = read_image(job.directory / file, upright=RULES[job.settings.platforms[0]].upright)
        except Unusable as reason:
            lines.append(f"{printable(file)}: {reason}")
            continue
        shared = share_photograph(image, job.settings.platforms, job.settings.seed)
        with atomic_path(job.out / _target(file)) as aside:
            aside.write_bytes(shared)
    return lines

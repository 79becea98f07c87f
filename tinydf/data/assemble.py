# SPDX-License-Identifier: Apache-2.0
"""What every way to make a data set does: an order without meaning, splits by source, platforms, a safe place."""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinydf import progress
from tinydf.data.dataset import (
    FILE,
    PLATFORMS,
    PRE_SOCIAL,
    SPLITS,
    Shard,
    Split,
    platform_order,
    read_shard,
    write_shard,
)
from tinydf.data.parallel import in_processes
from tinydf.data.social import share
from tinydf.errors import TinydfError
from tinydf.files import atomic_directory

logger = logging.getLogger(__name__)

SHARED_SPLITS: tuple[Split, ...] = ("validation", "test")

FEW = 1000
"""Images that one process has done before others have started."""


def rank(seed: int, name: str) -> str:
    """A place in an order that has nothing to do with the name, and is the same each time."""
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()


def assign_splits(
    groups: Mapping[str, Sequence[str]], strata: Mapping[str, str], shares: Mapping[Split, float], seed: int
) -> dict[str, Split]:
    """Give each source a split, a whole group to one, so that each stratum is in every split by its share.

    Args:
        groups: group -> its sources' identifiers.
        strata: group -> what it is to be spread by (a collection, or the classes it has).
        shares: split -> its share of each stratum's sources; train gets the rest, at least one goes to each.
        seed: chooses which.

    Returns:
        Source's identifier -> split.
    """
    splits: dict[str, Split] = {}
    for stratum in sorted(set(strata.values())):
        mine = sorted((group for group in groups if strata[group] == stratum), key=lambda group: rank(seed, group))
        total = sum(len(groups[group]) for group in mine)
        room = {split: max(1, round(share * total)) for split, share in shares.items()}
        for group in mine:
            size = len(groups[group])
            split: Split = next((name for name in room if room[name] >= size), "train")
            if split != "train":
                room[split] -= size
            splits.update(dict.fromkeys(groups[group], split))
    return splits


def with_shared(directory: Path, shards: Sequence[Shard], seed: int) -> list[Shard]:
    """Write what the validation and test images look like after sharing, on each platform that has no images already.

    Args:
        directory: the data set that is being made.
        shards: those that it has: pre-social ones, and of pictures that were really shared.
        seed: chooses the platforms' qualities, see `social.share`.

    Returns:
        Those shards and the ones written, by split and platform.
    """
    there = {(shard.split, shard.platform) for shard in shards}
    jobs = [
        Job(directory, shard, platform, seed, int(Path(shard.path).stem.rpartition("-")[2]))
        for shard in shards
        if shard.platform == PRE_SOCIAL and shard.split in SHARED_SPLITS
        for platform in PLATFORMS[1:]
        if (shard.split, platform) not in there
    ]
    with progress.bar("sharing", len(jobs)) as bar:
        written = list(shards)
        for one in in_processes(_share, jobs, workers_for(sum(job.shard.count for job in jobs))):
            written.append(one)
            bar.update(advance=1)
    return sorted(written, key=lambda one: (SPLITS.index(one.split), platform_order(one.platform), one.path))


@dataclass(frozen=True)
class Job:
    """A pre-social shard to share on a platform."""

    directory: Path
    shard: Shard
    platform: str
    seed: int
    number: int


def _share(job: Job) -> Shard:
    """Share a shard's images, in a worker."""
    shared = [
        sample.model_copy(update={"platform": job.platform, "image": share(sample.image, job.platform, job.seed)})
        for sample in read_shard(job.directory, job.shard)
    ]
    return write_shard(job.directory, job.shard.split, job.platform, job.number, shared)


def workers_for(pieces: int) -> int | None:
    """How many processes a number of images or crops is worth: this one alone, or all cores."""
    return 1 if pieces < FEW else None


@contextmanager
def new_dataset(out: Path) -> Iterator[Path]:
    """A directory to fill, which takes the name `out` when the block ends without an exception.

    Raises:
        TinydfError: if `out` is there and is neither empty nor a data set, as it would be replaced.
    """
    if out.exists() and not (out / FILE).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise TinydfError(f"{out} is there and is not a data set", "give --out a new directory")
    with atomic_directory(out) as aside:
        yield aside

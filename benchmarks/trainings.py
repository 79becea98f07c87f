# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks that train for hours share: which data, when a training is still the same, how many at a time."""

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from types import FrameType
from typing import TypeVar

from tinydf.data.dataset import Dataset
from tinydf.data.parallel import processes
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes
from tinydf.train.recipe import Recipe

Job = TypeVar("Job")
Result = TypeVar("Result")


def full_tier(directory: Path) -> Dataset:
    """The data set in a directory.

    Raises:
        TinydfError: if there is none, or it is another tier than the full one.
    """
    data = Dataset(directory)
    if data.info.tier != "full":
        raise TinydfError(f"{directory} is not the full tier", "tinydf data demo --tier full --out DIR")
    return data


def identity(recipe: Recipe, dataset_sha256: str, before: str = "") -> str:
    """SHA-256 of all that decides what a training comes to, but the program; a new option of recipes changes none.

    Args:
        recipe: the recipe.
        dataset_sha256: of its images.
        before: the identity of the pre-training that it begins with.
    """
    return sha256_bytes(f"{recipe.model_dump_json(exclude_defaults=True)} {dataset_sha256} {before}".encode())


def side_by_side(
    work: Callable[[Job], Result],
    jobs: Iterable[Job],
    count: int,
    after: Callable[[Job], Job | None] = lambda job: None,
) -> Iterator[tuple[Job, Result, int]]:
    """Do jobs in processes, in order but for those that wait, and yield each with its result and how many are left.

    Args:
        work: what does a job; can be pickled, as a module's function or a partial of one.
        jobs: hashable.
        count: how many at a time.
        after: which job one waits for, if that is among them, too.
    """
    left = list(jobs)
    running: dict[Future[Result], Job] = {}
    with processes(count, _end_cleanly) as pool:
        while left or running:
            unfinished = {*left, *running.values()}
            ready = [job for job in left if after(job) not in unfinished]
            for job in ready[: count - len(running)]:
                left.remove(job)
                running[pool.submit(work, job)] = job
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result(), len(left) + len(running)


def _end_cleanly() -> None:
    """A process that is ended leaves nothing half-written and ends its own."""
    signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + number)

# SPDX-License-Identifier: Apache-2.0
"""Many small jobs done at once: by processes of this machine, or by a Ray cluster.

Both take a function and jobs, and yield the results in the jobs' order.
"""

import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import ParamSpec, TypeVar

from tinydf.errors import TinydfError

Job = TypeVar("Job")
Result = TypeVar("Result")
P = ParamSpec("P")

AHEAD = 8
"""Jobs a worker that are under way or wait: enough that none is idle, few enough that a million jobs are not held."""

LOCAL_RAY = "local"


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS


def in_processes(
    work: Callable[[Job], Result],
    jobs: Iterable[Job],
    workers: int | None = None,
    prepare: Callable[[], None] | None = None,
) -> Iterator[Result]:
    """Do jobs in processes of this machine.

    Args:
        work: a module's function (spawned processes import it by name).
        jobs: what it is called with, one after the other.
        workers: how many processes; as many as cores, if not given. One is this process itself.
        prepare: what each process calls once, before its first job.

    Raises:
        TinydfError: if a process was killed. An exception of `work` ends the other processes, too.
    """
    workers = workers or cores()
    if workers == 1:
        if prepare:
            prepare()
        yield from map(work, jobs)
        return
    remaining = iter(jobs)
    pending: deque[Future[Result]] = deque()
    with processes(workers, prepare) as pool:
        while True:
            for job in itertools.islice(remaining, workers * AHEAD - len(pending)):
                pending.append(pool.submit(work, job))
            if not pending:
                return
            yield pending.popleft().result()


@contextmanager
def processes(workers: int, prepare: Callable[[], None] | None = None) -> Iterator[ProcessPoolExecutor]:
    """Spawned processes that leave Ctrl-C to this one; it and every error in the `with` end them at once.

    Args:
        workers: how many.
        prepare: a module's function that each process calls once, before its first job.

    Raises:
        TinydfError: if one was killed.
    """
    others = multiprocessing.active_children()
    context = multiprocessing.get_context("spawn")
    with _Pool(workers, context, _prepare, (prepare,)) as pool:
        try:
            yield pool
        except BrokenProcessPool:
            raise TinydfError("a worker process was killed", "free some memory and try again") from None
        except BaseException:  # Ctrl-C above all: do not wait for the jobs at hand
            for child in multiprocessing.active_children():
                if child not in others:
                    child.terminate()
            pool.shutdown(cancel_futures=True)
            raise


class _Pool(ProcessPoolExecutor):
    """Its processes start deaf to Ctrl-C, whenever they are needed: their parent ends them, and says one line."""

    def submit(self, work: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Future[Result]:
        with _interrupts_held():
            return super().submit(work, *args, **kwargs)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A Ctrl-C in here acts afterwards, and never on processes that are started in here: they inherit the mask."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    resource_tracker.ensure_running()  # the first process would start it, and that unblocks the signal
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: held.append(number))  # another thread may be given it
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, before)
        if held:
            signal.raise_signal(signal.SIGINT)


def _prepare(prepare: Callable[[], None] | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if prepare:
        prepare()


def in_ray(work: Callable[[Job], Result], jobs: Iterable[Job], address: str = LOCAL_RAY) -> Iterator[Result]:
    """Do jobs on a Ray cluster, whose machines all have tinydf and see the same files.

    Args:
        work: a module's function.
        jobs: what it is called with, one after the other.
        address: the cluster's ("10.0.0.1:6379", "ray://…", "auto"), or "local" for one started here, of all cores.

    Raises:
        TinydfError: if there is no such cluster, or one of its workers dies. What `work` raises is raised.
    """
    import ray
    from ray.exceptions import RayError, RayTaskError

    here = {"num_cpus": cores(), "include_dashboard": False} if address == LOCAL_RAY else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", **here)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise TinydfError(
            f"no Ray cluster at {address} ({error})", "see `ray status` there, or take --ray=local"
        ) from None
    try:
        remote = ray.remote(work)
        ahead = int(ray.cluster_resources().get("CPU", 1)) * AHEAD
        remaining = iter(jobs)
        pending: deque[ray.ObjectRef] = deque()
        while True:
            for job in itertools.islice(remaining, ahead - len(pending)):
                pending.append(remote.remote(job))
            if not pending:
                return
            yield ray.get(pending.popleft())
    except RayTaskError as error:
        raise error.cause from None
    except RayError as error:
        raise TinydfError(f"the Ray cluster at {address} failed ({error})", "see `ray status` there") from None
    finally:
        ray.shutdown()

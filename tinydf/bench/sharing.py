# SPDX-License-Identifier: Apache-2.0
"""Boards side by side: each takes the next image, and the others take over what one that fails leaves."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from tinydf.errors import TinydfError

Worker = TypeVar("Worker")
Task = TypeVar("Task")


class _Tasks(Generic[Task]):
    """Tasks on their way from a feeder to workers; `limit` may wait."""

    def __init__(self, limit: int, workers: int) -> None:
        self._limit = limit
        self._workers = workers
        self._waiting: deque[Task] = deque()
        self._taken = 0
        self._ended = False
        self._changed = threading.Condition()

    def put(self, task: Task) -> bool:
        """Let a task wait; false if nobody is left to do it."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < self._limit or not self._workers)
            self._waiting.append(task)
            self._changed.notify_all()
            return self._workers > 0

    def take(self) -> Task | None:
        """The next task; None once all are done. Waits while one that is being done may come back."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or (self._ended and not self._taken))
            if not self._waiting:
                return None
            self._taken += 1
            return self._waiting.popleft()

    def done(self) -> None:
        """A task that was taken is done."""
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()

    def leave(self, task: Task | None) -> None:
        """A worker goes; the task that it had taken is the next one's."""
        with self._changed:
            self._workers -= 1
            if task is not None:
                self._taken -= 1
                self._waiting.appendleft(task)
            self._changed.notify_all()

    def end(self, drop: bool = False) -> bool:
        """No more come, and with `drop` those that wait are forgotten; false if some were left undone."""
        with self._changed:
            self._ended = True
            if drop:
                self._waiting.clear()
            self._changed.notify_all()
            return not self._waiting


def share(
    workers: Iterable[Worker], tasks: Iterable[Task], do: Callable[[Worker, Task], None]
) -> dict[int, TinydfError]:
    """Let workers do tasks side by side, each taking the next one, on a thread of its own.

    Args:
        workers: at least one.
        tasks: made on the caller's thread, two a worker ahead.
        do: does a task; a TinydfError ends the worker alone, and another one does the task.

    Returns:
        The errors of workers that failed, by their place among the workers; the others did all tasks.

    Raises:
        TinydfError: the first one, if every worker has failed and a task is left.
        Exception: the first other one that `do` raised, once every worker has finished what it was at.
    """
    crew = list(workers)
    line = _Tasks[Task](2 * len(crew), len(crew))
    failed, broken = dict[int, TinydfError](), list[Exception]()

    def work(number: int) -> None:
        while (task := line.take()) is not None:
            try:
                do(crew[number], task)
                line.done()
            except TinydfError as error:
                failed[number] = error
                return line.leave(task)
            except Exception as error:
                broken.append(error)
                line.done()
                line.end(drop=True)
                return line.leave(None)
        return line.leave(None)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(len(crew))]
    for thread in threads:
        thread.start()
    try:
        for task in tasks:
            if broken or not line.put(task):
                break
    except BaseException:
        line.end(drop=True)
        raise
    finally:
        line.end(drop=bool(broken))
        for thread in threads:
            thread.join()
    if broken:
        raise broken[0]
    if not line.end():
        raise failed[min(failed)]
    return failed

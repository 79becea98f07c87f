# SPDX-License-Identifier: Apache-2.0
"""Workers that share tasks: every task is done once, and what a failed worker leaves is another's."""

import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tinydf.bench.sharing import share
from tinydf.errors import TinydfError


class Crew:
    """Workers who count what they did; those of `failing` fail at their nth task."""

    def __init__(self, failing: dict[str, int]) -> None:
        self._failing = failing
        self._lock = threading.Lock()
        self.done: list[int] = []
        self.tried = Counter[str]()

    def __call__(self, name: str, task: int) -> None:
        with self._lock:
            self.tried[name] += 1
            fails = self.tried[name] == self._failing.get(name)
        time.sleep(0.001)
        if fails:
            raise TinydfError(f"{name} was pulled")
        with self._lock:
            self.done.append(task)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_task_is_done_once(workers: int) -> None:
    crew = Crew({})
    assert share(map(str, range(workers)), range(50), crew) == {}
    assert sorted(crew.done) == list(range(50))


@pytest.mark.parametrize("at", [1, 7])
def test_others_take_over_what_a_failed_one_leaves(at: int) -> None:
    crew = Crew({"b": at})
    failed = share("abc", range(50), crew)
    assert sorted(crew.done) == list(range(50))
    assert {number: error.what for number, error in failed.items()} == {1: "b was pulled"}
    assert crew.tried["b"] == at


def test_the_last_task_of_a_failed_one_is_taken_over() -> None:
    """The others have come to the end by then, and wait for what it is at."""
    done, begun = [], threading.Event()

    def slow(name: str, task: int) -> None:
        if not begun.is_set():
            begun.set()
            time.sleep(0.1)
            raise TinydfError("pulled")
        done.append((name, task))

    failed = share("ab", [1], slow)
    assert len(failed) == 1
    assert [task for _, task in done] == [1]


def test_all_failed() -> None:
    crew = Crew({"a": 3, "b": 4})
    with pytest.raises(TinydfError, match="a was pulled"):
        share("ab", range(50), crew)
    assert len(crew.done) == 5


def test_another_error_ends_it_for_all() -> None:
    def full(name: str, task: int) -> None:
        if task == 5:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        share("ab", range(1000), full)


def test_ctrl_c_while_tasks_are_made() -> None:
    def made() -> Iterator[int]:
        yield from range(3)
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        share("ab", made(), Crew({}))
    assert threading.active_count() == before

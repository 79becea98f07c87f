# SPDX-License-Identifier: Apache-2.0
"""How far long work is: library code tells, and a program that wants to show it installs a `Display`.

Without one nothing is shown. `tinydf`'s command line shows bars and spinners on standard error.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Bar(Protocol):
    """The display of one piece of work."""

    def update(self, *, advance: float | None = None, completed: float | None = None, tally: str | None = None) -> None:
        """Tell how far the work is.

        Args:
            advance: how many more of its steps are done.
            completed: how many are done in all, instead.
            tally: a short text of how it goes; None leaves the last one.
        """


class Display(Protocol):
    """Where progress is shown."""

    def bar(self, what: str, total: float, completed: float, tally: str) -> AbstractContextManager[Bar]:
        """Show work of `total` steps while the context lasts."""

    def spinner(self, what: str) -> AbstractContextManager[Callable[[str], None]]:
        """Show that something is being done while the context lasts; what it gives changes the text."""


class _Silent:
    """Shows nothing."""

    @contextmanager
    def bar(self, what: str, total: float, completed: float, tally: str) -> Iterator[Bar]:
        yield self

    @contextmanager
    def spinner(self, what: str) -> Iterator[Callable[[str], None]]:
        yield lambda text: None

    def update(self, *, advance: float | None = None, completed: float | None = None, tally: str | None = None) -> None:
        pass


_SILENT = _Silent()


class _Shown:
    """Where progress is shown now."""

    on: Display = _SILENT


def show_on(display: Display | None) -> None:
    """Show the progress of all work that begins from now on there; None: nowhere."""
    _Shown.on = display or _SILENT


def bar(
    what: str, total: float, completed: float = 0, tally: str = "", shown: bool = True
) -> AbstractContextManager[Bar]:
    """Show work of `total` steps, `completed` of them done already.

    Args:
        what: what is done, in a word or two.
        total: its steps.
        completed: those that an earlier run did.
        tally: a short text of how it goes.
        shown: False in a process that works beside the one that shows it.
    """
    return (_Shown.on if shown else _SILENT).bar(what, total, completed, tally)


def spinner(what: str) -> AbstractContextManager[Callable[[str], None]]:
    """Show that something is being done, of unknown length; what the context gives changes the text."""
    return _Shown.on.spinner(what)

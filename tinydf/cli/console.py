# SPDX-License-Identifier: Apache-2.0
"""What a person sees: what is logged and progress on standard error, results on standard output.

Both consoles show text as it is: brackets are no markup, and control characters are written out, wherever the text
came from (a file's name, a tensor's, a board's answer). Style is given beside the text (`style=`, `rich.text.Text`).
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tinydf import progress
from tinydf.text import printable


def plain(text: str) -> Text:
    """The text for a place that would take a string for markup, such as a spinner's."""
    return Text(printable(text))


class PlainConsole(Console):
    """A console that takes no string for markup and passes no control character of one on, in tables neither."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **settings)

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(printable(text, keep="\n"), **{**how, "markup": False, "emoji": False})


notes = PlainConsole(stderr=True, soft_wrap=True)
"""Progress, warnings and what a command is doing; never parsed by a script."""

results = PlainConsole()
"""Tables and figures that the command was asked for."""


_logger = logging.getLogger("tinydf.cli")
_STYLES = {logging.DEBUG: "dim", logging.INFO: None, logging.WARNING: "yellow", logging.ERROR: "red"}


def note(message: str) -> None:
    """Say in one line what is being done; like what the library logs, only where `listen` was called."""
    _logger.info("%s", message)


def warn(message: str) -> None:
    """Say in one line what the user should know although the command goes on."""
    _logger.warning("%s", message)


class _Notes(logging.Handler):
    """Prints what is logged, a line each."""

    def emit(self, record: logging.LogRecord) -> None:
        prefix = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        notes.print(printable(prefix + record.getMessage()), style=_STYLES.get(record.levelno))


class _Bar:
    """One line of a progress display."""

    def __init__(self, display: Progress, what: str, total: float, completed: float, tally: str) -> None:
        self._display = display
        self._task = display.add_task(what, total=total, tally=tally)
        display.update(self._task, completed=completed)

    def update(self, *, advance: float | None = None, completed: float | None = None, tally: str | None = None) -> None:
        fields: dict[str, Any] = {} if tally is None else {"tally": tally}
        self._display.update(self._task, advance=advance, completed=completed, **fields)


class _Display:
    """Bars and spinners on standard error."""

    @contextmanager
    def bar(self, what: str, total: float, completed: float, tally: str) -> Iterator[progress.Bar]:
        columns = (
            *(TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()),
            *(TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[tally]}", markup=False)),
        )
        with Progress(*columns, console=notes) as display:
            yield _Bar(display, what, total, completed, tally)

    @contextmanager
    def spinner(self, what: str) -> Iterator[Callable[[str], None]]:
        with notes.status(plain(what)) as status:
            yield lambda text: status.update(plain(text))


_HANDLER = _Notes()


def listen(level: int = logging.INFO) -> None:
    """Print what tinydf logs from `level` on, and unless that is above INFO how far its work is, on standard error."""
    logger = logging.getLogger("tinydf")
    if _HANDLER not in logger.handlers:
        logger.addHandler(_HANDLER)
    logger.setLevel(level)
    progress.show_on(_Display() if level <= logging.INFO else None)


def print_json(value: BaseModel | dict[str, Any] | list[Any]) -> None:
    """Print one JSON document on standard output, for scripts."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    json.dump(plain, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")

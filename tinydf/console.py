# SPDX-License-Identifier: Apache-2.0
"""What a person sees: progress and notes on standard error, results on standard output.

Both consoles show text as it is: brackets are no markup, and control characters are written out, wherever the text
came from (a file's name, a tensor's, a board's answer). Style is given beside the text (`style=`, `rich.text.Text`).
"""

import json
import sys
from pathlib import Path
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

_LOST_BYTE = "\udc00"
"""What Python adds to a byte of a file's name that is no UTF-8 (PEP 383)."""


def printable(text: str | Path, keep: str = "") -> str:
    r"""Text with every character that a terminal obeys or hides written out, such as `\x1b` for escape.

    Args:
        text: from anywhere; or a path, of any bytes.
        keep: control characters that stay as they are.

    Returns:
        Text that can be printed, and kept in JSON.
    """
    return "".join(one if one.isprintable() or one in keep else _written_out(one) for one in str(text))


def _written_out(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - ord(_LOST_BYTE):02x}"
    return repr(letter)[1:-1]


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


def note(message: str) -> None:
    """Say in one line what is being done."""
    notes.print(printable(message))


def warn(message: str) -> None:
    """Say in one line what the user should know although the command goes on."""
    notes.print(printable(f"warning: {message}"), style="yellow")


def progress(shown: bool = True) -> Progress:
    """A progress display for long work; every task is added with `tally=`, a short text of how it goes."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[tally]}", markup=False),
        console=notes,
        disable=not shown,
    )


def print_json(value: BaseModel | dict[str, Any] | list[Any]) -> None:
    """Print one JSON document on standard output, for scripts."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    json.dump(plain, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")

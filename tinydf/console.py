"""What a person sees: progress and notes on standard error, results on standard output."""

import os
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

notes = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress, warnings and what a command is doing; never parsed by a script."""

results = Console(highlight=False)
"""Tables and figures that the command was asked for."""


def note(message: str) -> None:
    """Say in one line what is being done."""
    notes.print(message, markup=False)


def warn(message: str) -> None:
    """Say in one line what the user should know although the command goes on."""
    notes.print(f"warning: {message}", markup=False, style="yellow")


def printable(path: Path | str) -> str:
    """A name, or what a device says, as text that can be printed and kept in JSON, whatever bytes it is made of."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def progress(shown: bool = True) -> Progress:
    """A progress display for long work; every task is added with `tally=`, a short text of how it goes."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[tally]}"),
        console=notes,
        disable=not shown,
    )


def print_json(value: BaseModel | dict[str, Any] | list[Any]) -> None:
    """Print one JSON document on standard output, for scripts."""
    import json

    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    json.dump(plain, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")

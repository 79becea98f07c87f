# SPDX-License-Identifier: Apache-2.0
"""Options that commands share."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tinydf.workspace import Workspace

Command = Callable[..., Any]
HELP = "Where stages leave their artefacts, below build/.  [default: the current directory]"
_directory = click.Path(path_type=Path, file_okay=False)


def group_workspace(function: Command) -> Command:
    """`tinydf --workspace DIR COMMAND`: for all commands that take a `workspace`."""
    option = click.option(
        "--workspace",
        type=_directory,
        envvar="TINYDF_WORKSPACE",
        show_envvar=True,
        expose_value=False,
        callback=_hand_down,
        help=HELP,
    )
    return option(function)


def in_workspace(function: Command) -> Command:
    """Give a command the option --workspace, and its function the argument `workspace`, a `Workspace`."""
    return click.option("--workspace", type=_directory, callback=_choose, help=HELP)(function)


def choosing_tflm(function: Command) -> Command:
    """Give a command --arena and --tflm-library, and its function the argument `choice`."""

    @functools.wraps(function)
    def chosen(*arguments: Any, arena: int | None, tflm_library: Path | None, **others: Any) -> Any:
        from tinydf.boards.tflm.setup import Choice

        return function(*arguments, choice=Choice(tflm_library, arena), **others)

    arena = click.option(
        "--arena",
        type=click.IntRange(1, 64 << 20),
        metavar="BYTES",
        help="Arena of tflm.  [default: what `tinydf arena` found, else computed]",
    )
    library = click.option(
        "--tflm-library",
        type=click.Path(path_type=Path),
        help="Library of tflm.  [default: the one under TFLM_ROOT that is for the board's core]",
    )
    return arena(library(chosen))


def _hand_down(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    context.obj = Workspace(value or Path())


def _choose(context: click.Context, parameter: click.Parameter, value: Path | None) -> Workspace:
    return Workspace(value) if value else context.find_object(Workspace) or Workspace()

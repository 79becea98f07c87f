# SPDX-License-Identifier: Apache-2.0
"""`tinydf emulator`: the emulated boards that run in the background."""

import click

from tinydf import emulator
from tinydf.cli.console import note, print_json, results
from tinydf.errors import TinydfError


@click.group()
def command() -> None:
    """List and stop emulated boards; `tinydf flash --emulator` starts them."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_emulators(as_json: bool) -> None:
    """List the emulated boards that run, and those that stopped by themselves, with their last words."""
    found = emulator.list_all()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif not found:
        note("no emulated board runs")
    else:
        _show(found)


def _show(found: list[emulator.State]) -> None:
    for one in found:
        results.print(f"{one.name}: {one.board}, {one.status}, since {one.started}, {one.port}", soft_wrap=True)
        if one.last_words:
            results.print(f"    {one.last_words}", soft_wrap=True)


@command.command()
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Stop all.")
def stop(names: tuple[str, ...], every: bool) -> None:
    """Stop emulated boards."""
    if bool(names) == every:
        raise click.UsageError("give names, or --all")
    known = [one.name for one in emulator.list_all()]
    for name in known if every else names:
        if name not in known:
            raise TinydfError(f"no emulated board is called {name!r}", "see `tinydf emulator list`")
        emulator.stop(name)
        note(f"stopped {name}")

# SPDX-License-Identifier: Apache-2.0
"""`tinydf boards`: list, show and check boards."""

from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from tinydf.boards import board as boards
from tinydf.cli.console import note, print_json, results
from tinydf.installation import NAME
from tinydf.text import printable


@click.group()
def command() -> None:
    """List, show and check boards."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_boards(as_json: bool) -> None:
    """List the boards there are: what builds, emulates and flashes each, and who has run it on silicon."""
    found = [boards.load(name) for name in boards.names()]
    packages = {one.name: boards.package_of(one.name) for one in found}
    if as_json:
        print_json([_entry(one, packages[one.name]) for one in found])
        return
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    longest = max(len(one.name) for one in found)
    widths = {"board": longest, "core": 10, "built with": 7, "emulated by": 8, "flashed with": 16, "on silicon": 7}
    for heading, width in widths.items():
        table.add_column(heading, width=width)  # the longest word: they fit 80 columns
    for one in found:
        core = f"{one.core.name} {one.core.clock_hz / 1e6:g} MHz"
        emulated = one.emulator.kind if one.emulator else "-"
        flashed = ", ".join(one.flash.tables) or "-"
        built = one.built_with.replace("-gcc", " gcc").replace("-none-eabi", "").replace("-unknown-elf", "")
        table.add_row(one.name, core, built, emulated, flashed, one.on_silicon or "-")
    results.print(table)
    for package in sorted(set(packages.values()) - {NAME}):
        theirs = ", ".join(name for name, origin in packages.items() if origin == package)
        results.print(Text(f"from {package}: {theirs}"))


def _entry(board: boards.Board, package: str) -> dict[str, object]:
    return {
        "name": board.name,
        "package": package,
        "title": board.title,
        "core": board.core.name,
        "built_with": board.built_with,
        "emulated_by": board.emulator.kind if board.emulator else None,
        "flashed_with": board.flash.tables,
        "on_silicon": board.on_silicon,
    }


@command.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show one board: its file, or all its fields as JSON."""
    if as_json:
        print_json(boards.load(name))
    else:
        boards.load(name)
        click.echo(printable(boards.path_of(name).read_text(encoding="utf-8"), keep="\n\t"), nl=False)


@command.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check board files against the schema; all boards if none is given."""
    for path in files or [boards.path_of(name) for name in boards.names()]:
        boards.validate(path)
        note(f"{path}: good")

"""`tinydf boards`: list, show and check boards."""

from pathlib import Path

import click
from rich.table import Table

from tinydf.boards import board as boards
from tinydf.console import note, print_json, results


@click.group()
def command() -> None:
    """List, show and check boards."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_boards(as_json: bool) -> None:
    """List the boards there are."""
    found = [boards.load(name) for name in boards.names()]
    if as_json:
        print_json([{"name": one.name, "title": one.title, "core": one.core.name} for one in found])
        return
    table = Table("board", "what it is", "emulator", box=None)
    for one in found:
        table.add_row(one.name, one.title, one.emulator.kind if one.emulator else "-")
    results.print(table)


@command.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show one board: its file, or all its fields as JSON."""
    if as_json:
        print_json(boards.load(name))
    else:
        boards.load(name)
        click.echo(boards.path_of(name).read_text(encoding="utf-8"), nl=False)


@command.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check board files against the schema; all boards if none is given."""
    for path in files or [boards.path_of(name) for name in boards.names()]:
        boards.check(path)
        note(f"{path}: good")

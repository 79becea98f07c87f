# SPDX-License-Identifier: Apache-2.0
"""`tinydf build`: firmware for a board and a model."""

from pathlib import Path

import click
from rich.table import Table

from tinydf.artefacts.build import Build, Engine
from tinydf.boards.tflm.setup import Choice
from tinydf.cli.console import print_json, results
from tinydf.cli.options import choosing_tflm, in_workspace
from tinydf.workspace import Workspace
from tinydf.workspace.firmware import build_here


@click.command()
@click.option("--board", required=True, help="See `tinydf boards list`.")
@click.option("--export", type=click.Path(path_type=Path), help="Export directory.  [default: build/export]")
@click.option("--out", type=click.Path(path_type=Path), help="Where it goes.  [default: build/firmware/BOARD]")
@click.option("--engine", type=click.Choice(["aot", "tflm"]), default="aot", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@choosing_tflm
@in_workspace
def command(
    board: str,
    export: Path | None,
    out: Path | None,
    engine: Engine,
    as_json: bool,
    workspace: Workspace,
    choice: Choice,
) -> None:
    """Build the firmware for a board, and print what it takes.

    Where there is no export yet, it is made first, as `tinydf export --int8` does.
    """
    made = build_here(workspace, board, export, out, engine, choice)
    if as_json:
        print_json(made)
    else:
        show(made)


def show(made: Build) -> None:
    """Print a build's size tables."""
    sections = Table("section", "region", "address", box=None)
    for name in ("bytes", "of it in flash"):
        sections.add_column(name, justify="right")
    for one in made.sections:
        address = f"0x{one.address:08X}" if one.region != "-" else "-"
        sections.add_row(one.name, one.region, address, f"{one.bytes:,}", f"{one.flash_bytes:,}")
    results.print(sections)
    regions = Table("memory", box=None)
    for name in ("used", "of", ""):
        regions.add_column(name, justify="right")
    for region in made.regions:
        share = f"{100 * region.used_bytes / region.bytes:.1f} %"
        regions.add_row(region.name, f"{region.used_bytes:,}", f"{region.bytes:,}", share)
    if made.regions:
        results.print(regions)
    where = f" in {made.arena_region}" if made.arena_region != "-" else ""
    results.print(
        f"flash {made.flash_bytes:,} bytes, static RAM {made.static_ram_bytes:,}, "
        f"stack {made.stack_bytes:,}, arena {made.arena_bytes:,}{where}; "
        f"engine {made.engine}, build {made.build_id[:12]}"
    )
    if made.tflm:
        results.print(
            f"library {made.tflm.name}, SHA-256 {made.tflm.sha256[:12]}; arena {made.tflm.arena_origin}",
            markup=False,
            soft_wrap=True,
        )

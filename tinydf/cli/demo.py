# SPDX-License-Identifier: Apache-2.0
"""`tinydf demo`."""

from pathlib import Path

import click

from tinydf.cli.console import note, print_json, results
from tinydf.cli.options import in_workspace
from tinydf.published import DEFAULT
from tinydf.workspace import Workspace


@click.command(name="demo")
@click.option("--out", type=click.Path(path_type=Path), help="Where it all goes.  [default: build/demo]")
@click.option("--board", default="nucleo-h743", show_default=True, help="A board with an emulator.")
@click.option("--recipe", default=DEFAULT, show_default=True, help="The detector, by path or name.")
@click.option("--data", type=click.Path(path_type=Path), help="A data set; the embedded one is built if none is given.")
@click.option("--limit", type=click.IntRange(8), help="Bench no more than so many images.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@in_workspace
def command(
    out: Path | None,
    board: str,
    recipe: str,
    data: Path | None,
    limit: int | None,
    as_json: bool,
    workspace: Workspace,
) -> None:
    """Run all seven stages, from photographs to a report measured on an emulated board.

    About 12 minutes on 2 cores. After an interruption, the same command resumes where it stopped.
    """
    from tinydf.cli.show.report import show_summary
    from tinydf.demo import Demo

    report, summary = Demo(out or workspace.demo, board, recipe, data, limit).run()
    if as_json:
        print_json(summary)
    else:
        show_summary(summary, results)
    note(f"wrote {report} and {report.with_name('summary.json')}")

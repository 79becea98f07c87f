# SPDX-License-Identifier: Apache-2.0
"""`tinydf status`."""

from datetime import datetime

import click
from rich.table import Table
from rich.text import Text

from tinydf.cli.console import print_json, results
from tinydf.cli.options import in_workspace
from tinydf.workspace import Workspace


@click.command(name="status")
@click.option("--json", "as_json", is_flag=True, help="Print the stages and the next command as JSON.")
@in_workspace
def command(as_json: bool, workspace: Workspace) -> None:
    """Show the workspace: what each stage left, what is stale, and the command to type next.

    A stage is stale if what it was made from has changed since, by its hash.
    """
    from tinydf.workspace.status import clock, survey

    status = survey(workspace)
    if as_json:
        print_json(status)
        return
    styles = {"ready": "green", "missing": "dim", "stale": "yellow", "unfinished": "yellow", "damaged": "red"}
    table = Table("stage", "", "what is there", "made", box=None, pad_edge=False)
    for row in status.stages:
        what = " ".join(part for part in (row.what, row.source) if part)
        told = "; ".join(part for part in (what, row.why) if part)
        made = clock(datetime.fromisoformat(row.made)) if row.made else ""
        table.add_row(row.stage, Text(row.state, styles[row.state]), f"{row.path}: {told}" if told else row.path, made)
    results.print(table)
    results.print(f"next: {status.next}" if status.next else "all is up to date", soft_wrap=True)

# SPDX-License-Identifier: Apache-2.0
"""`tinydf doctor`."""

import click
from rich.table import Table
from rich.text import Text

from tinydf.cli.console import print_json, results
from tinydf.doctor import STAGES, Finding, examine, healthy

STYLES = {"found": "green", "missing": "red", "optional": "yellow"}


@click.command(name="doctor")
@click.option(
    "--for",
    "stages",
    type=click.Choice(STAGES),
    multiple=True,
    help="What this stage wants has to be there, too; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(stages: tuple[str, ...], as_json: bool) -> int:
    """List compilers, flashers, packages and serial permissions: found, missing, how to install.

    Ends with status 1 if something is missing that `export`, `flash` or `bench` of a published detector needs. What is
    optional is wanted by another stage only, or something else that was found serves for it.
    """
    findings = examine()
    if as_json:
        print_json([one.model_dump() for one in findings])
    else:
        _show(findings)
    return 0 if healthy(findings, stages) else 1


def _show(findings: list[Finding]) -> None:
    """A table of what is there and what is not, and below it, unbroken, each command that installs what is not."""
    table = Table(box=None, pad_edge=False)
    for heading in ("for", "what", "", "found"):
        table.add_column(heading, overflow="fold")
    for one in findings:
        table.add_row(one.room, one.name, Text(one.status, STYLES[one.status]), one.detail)
    results.print(table)
    for status in ("missing", "optional"):
        installs = dict.fromkeys((one.room, one.install) for one in findings if one.status == status)
        for room, install in installs:
            results.print(f"{status}, for {room}: {install}", soft_wrap=True)

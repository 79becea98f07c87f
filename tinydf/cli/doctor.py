"""`tinydf doctor`."""

import click
from rich.table import Table

from tinydf.console import print_json, results


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(as_json: bool) -> int:
    """List compilers, flashers, packages and serial permissions: found, missing, how to install.

    Ends with status 1 if something that a stage needs is missing.
    """
    from tinydf.doctor import examine, healthy

    findings = examine()
    if as_json:
        print_json([one.model_dump() for one in findings])
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("for", "what", "", "found, or how to install"):
            table.add_column(heading, overflow="fold")
        styles = {"found": "green", "missing": "red", "optional": "yellow"}
        for one in findings:
            mend = f"{one.detail}; {one.install}" if one.detail and one.install else one.detail or one.install
            table.add_row(one.room, one.name, f"[{styles[one.status]}]{one.status}[/]", mend)
        results.print(table)
    return 0 if healthy(findings) else 1

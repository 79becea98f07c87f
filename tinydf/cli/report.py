# SPDX-License-Identifier: Apache-2.0
"""`tinydf report`."""

from pathlib import Path

import click

from tinydf.cli.console import note, print_json
from tinydf.cli.options import in_workspace
from tinydf.workspace import Workspace


@click.command(name="report")
@click.option("--data", type=click.Path(path_type=Path), help="Images of the bench.  [default: as the bench says]")
@click.option(
    "--run", type=click.Path(path_type=Path), help="Run of the export.  [default: build/run, if it is of one]"
)
@click.option("--baseline", type=click.Path(path_type=Path), help="Run trained without augmentation, to compare.")
@click.option("--export", type=click.Path(path_type=Path), help="Export directory.  [default: build/export]")
@click.option("--firmware", type=click.Path(path_type=Path), help="Build directory.  [default: build/firmware/BOARD]")
@click.option("--bench", "bench", type=click.Path(path_type=Path), help="Bench directory.  [default: build/bench]")
@click.option("--out", type=click.Path(path_type=Path), help="The page to write.  [default: report.html]")
@click.option("--json", "as_json", is_flag=True, help="Also print the facts as JSON.")
@in_workspace
def command(
    data: Path | None,
    run: Path | None,
    baseline: Path | None,
    export: Path | None,
    firmware: Path | None,
    bench: Path | None,
    out: Path | None,
    as_json: bool,
    workspace: Workspace,
) -> None:
    """Write one self-contained page about a run.

    It is about what is there, down to an export alone; the page says what is not. Artefacts that were not made from
    one another are refused.
    """
    from tinydf.report import chain, facts, page
    from tinydf.workspace.report import find

    out = out or workspace.report
    places = find(workspace, data, run, export, firmware, bench)
    artefacts = chain.read(*places, baseline)
    found = facts.gather(artefacts)
    page.write_page(found, artefacts, out)
    note(f"wrote {out}")
    if as_json:
        print_json({"summary": facts.summary(found), **found.model_dump(mode="json")})

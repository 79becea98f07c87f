"""`tinydf bench`."""

from pathlib import Path
from typing import cast

import click

from tinydf.console import print_json, results
from tinydf.data.dataset import SPLITS, Split


@click.command(name="bench")
@click.option("--port", "ports", required=True, multiple=True, help="Serial port; several share the images.")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Data set directory.")
@click.option("--export", required=True, type=click.Path(path_type=Path), help="Export of the model on the board.")
@click.option("--firmware", type=click.Path(path_type=Path), help="Build that is on the board, for its sizes.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where journal and summary go.")
@click.option("--split", type=click.Choice(SPLITS), default="test", show_default=True, help="Split to measure.")
@click.option("--platform", "platforms", multiple=True, help="Only this platform; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many images, the same crops of every platform.")
@click.option("--resume", is_flag=True, help="Go on where a run was cut.")
@click.option("--json", "as_json", is_flag=True, help="Print bench.json instead of tables.")
def command(
    ports: tuple[str, ...],
    data: Path,
    export: Path,
    firmware: Path | None,
    out: Path,
    split: str,
    platforms: tuple[str, ...],
    limit: int | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Stream images to a board; measure accuracy, latency and memory there."""
    from tinydf.bench import tables
    from tinydf.bench.run import bench

    result = bench(
        ports,
        data,
        export,
        out,
        firmware=firmware,
        split=cast(Split, split),
        platforms=platforms,
        limit=limit,
        resume=resume,
    )
    if as_json:
        print_json(result)
        return
    for table in (tables.accuracy, tables.generators, tables.operators, tables.cost):
        results.print(table(result))
        results.print()

"""`tinydf simulate EXPORT --data D`."""

from pathlib import Path
from typing import cast

import click

from tinydf.data.dataset import SPLITS, Split


@click.command()
@click.argument("export", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Data set directory.")
@click.option("--split", type=click.Choice(SPLITS), default="test", show_default=True, help="Split to judge.")
@click.option(
    "--compare", type=click.IntRange(min=1), default=None, help="Run so many images through TFLM's interpreter too."
)
@click.option(
    "--sources",
    default="*",
    show_default=True,
    help="Only images of sources whose names fit this pattern, such as 'faces-*'.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(export: Path, data: Path, split: str, compare: int | None, sources: str, as_json: bool) -> None:
    """Judge a data set by the board's C on this machine, on all cores."""
    from tinydf.compiler.show import print_simulation
    from tinydf.console import print_json
    from tinydf.simulate import simulate

    result = simulate(export, data, cast(Split, split), compare or 0, sources)
    if as_json:
        print_json(result)
    else:
        print_simulation(result)

"""`tinydf evaluate`."""

from pathlib import Path
from typing import Literal

import click

from tinydf.console import print_json


@click.command(name="evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Data set directory.")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(run: Path, data: Path, split: Literal["train", "validation", "test"], as_json: bool) -> None:
    """Measure the detector in RUN: balanced accuracy, AUC, TPR, TNR, by platform and by generator.

    The threshold is the one that validation chose in training.
    """
    from tinydf.train.evaluate import evaluate_run
    from tinydf.train.show import show_evaluation

    evaluation = evaluate_run(run, data, split)
    if as_json:
        print_json(evaluation)
    else:
        show_evaluation(evaluation)

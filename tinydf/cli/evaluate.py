# SPDX-License-Identifier: Apache-2.0
"""`tinydf evaluate`."""

from pathlib import Path
from typing import Literal

import click

from tinydf.cli.console import print_json, warn
from tinydf.cli.options import in_workspace
from tinydf.workspace import Workspace


@click.command(name="evaluate")
@click.argument("runs", metavar="[RUN]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Data set directory.  [default: build/data]")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True)
@click.option("--sources", default="*", help="Only images of sources whose names fit this pattern, such as 'faces-*'.")
@click.option("--plots", type=click.Path(path_type=Path, file_okay=False), help="Directory to draw plots into (SVG).")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the figures as JSON: a list, where there are several runs."
)
@in_workspace
def command(
    runs: tuple[Path, ...],
    data: Path | None,
    split: Literal["train", "validation", "test"],
    sources: str,
    plots: Path | None,
    as_json: bool,
    workspace: Workspace,
) -> None:
    """Measure the detector in RUN: balanced accuracy, AUC, EER, TPR, TNR, by platform and by generator.

    The threshold is the one that validation chose in training. Several RUNs are set against each other: trained on
    some platforms, tested on all. RUN is build/run if left out.
    """
    from tinydf.cli.show.train import show_evaluation, show_matrix
    from tinydf.data.audit import warning_lines
    from tinydf.train.evaluate import evaluate, score_run

    first, data = workspace.take(run=runs[0] if runs else None, data=data)
    scored = [score_run(run, data, split, sources) for run in (first, *runs[1:])]
    for line in warning_lines(scored[0].data.info.shortcuts or []):
        warn(line)
    evaluations = [evaluate(one) for one in scored]
    if plots is not None:
        from tinydf.train.plots import write_plots

        write_plots(scored, evaluations, plots)
    if as_json:
        print_json(evaluations[0] if len(evaluations) == 1 else [one.model_dump(mode="json") for one in evaluations])
    elif len(evaluations) == 1:
        show_evaluation(evaluations[0])
    else:
        show_matrix(evaluations)

# SPDX-License-Identifier: Apache-2.0
"""`tinydf train`."""

import os
from pathlib import Path

import click

from tinydf.cli.console import note, print_json
from tinydf.cli.main import fail
from tinydf.cli.options import in_workspace
from tinydf.published import DEFAULT
from tinydf.workspace import Workspace


@click.command(name="train")
@click.argument("recipe", default=DEFAULT)
@click.option("--data", type=click.Path(path_type=Path), help="Data set directory.  [default: build/data]")
@click.option("--out", type=click.Path(path_type=Path), help="Run directory to make.  [default: build/run]")
@click.option("--resume", is_flag=True, help="Continue an interrupted training in --out.")
@click.option("--force", is_flag=True, help="Replace a training that --out holds.")
@click.option("--seed", type=click.IntRange(0, (1 << 32) - 1), help="Instead of the recipe's.")
@click.option("--epochs", type=click.IntRange(1), help="Instead of the recipe's.")
@click.option("--no-augment", is_flag=True, help="Train without compression, as the baseline to compare with.")
@click.option("--init", type=click.Path(path_type=Path), help="Begin with the weights of a pre-training or a run.")
@click.option("--weights", type=click.Path(path_type=Path), help="Begin with weights from elsewhere, .safetensors.")
@click.option("--probe", is_flag=True, help="Train the last layer alone, on the features it begins with.")
@click.option("--qat", is_flag=True, help="Refine the run of --init as its int8 model computes, and learn its ranges.")
@click.option("--json", "as_json", is_flag=True, help="Print the run's metrics as JSON.")
@in_workspace
def command(
    recipe: str,
    data: Path | None,
    out: Path | None,
    resume: bool,
    force: bool,
    seed: int | None,
    epochs: int | None,
    no_augment: bool,
    init: Path | None,
    weights: Path | None,
    probe: bool,
    qat: bool,
    as_json: bool,
    workspace: Workspace,
) -> None:
    """Train a detector by RECIPE, and write a run directory.

    RECIPE is a file or the name of a folder under models/; phinet-demo if left out.

    Progress is kept after each epoch: after an interruption, the same command with --resume continues from there.
    """
    from tinydf.cli.show.train import show_metrics
    from tinydf.train.loop import train
    from tinydf.train.recipe import find_recipe, override, read_recipe

    (data,), out = workspace.take(data=data), out or workspace.run
    followed = override(read_recipe(find_recipe(recipe)), seed, epochs, not no_augment, probe, qat)
    try:
        metrics = train(followed, data, out, resume, force, init, weights)
    except KeyboardInterrupt:
        fail("interrupted; the same command with --resume continues after the last whole epoch", 130)
    if os.environ.get("RANK", "0") != "0":
        return  # of torchrun's processes the first one tells
    if as_json:
        print_json(metrics)
    else:
        show_metrics(metrics)
    note(f"wrote {out}")

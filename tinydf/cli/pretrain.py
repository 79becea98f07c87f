# SPDX-License-Identifier: Apache-2.0
"""`tinydf pretrain`."""

from pathlib import Path

import click

from tinydf.cli.console import note, print_json
from tinydf.cli.main import fail
from tinydf.cli.options import in_workspace
from tinydf.published import DEFAULT
from tinydf.workspace import Workspace


@click.command(name="pretrain")
@click.argument("recipe", default=DEFAULT)
@click.option("--method", help="simclr, byol, simsiam, vicreg or barlow, instead of the recipe's.")
@click.option("--data", type=click.Path(path_type=Path), help="Data set directory.  [default: build/data]")
@click.option("--out", type=click.Path(path_type=Path), help="Directory to make.  [default: build/pretrained]")
@click.option("--resume", is_flag=True, help="Continue an interrupted pre-training in --out.")
@click.option("--force", is_flag=True, help="Replace a pre-training that --out holds.")
@click.option("--seed", type=click.IntRange(0, (1 << 32) - 1), help="Instead of the recipe's.")
@click.option("--epochs", type=click.IntRange(1), help="Instead of the recipe's.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@in_workspace
def command(
    recipe: str,
    method: str | None,
    data: Path | None,
    out: Path | None,
    resume: bool,
    force: bool,
    seed: int | None,
    epochs: int | None,
    as_json: bool,
    workspace: Workspace,
) -> None:
    """Pre-train the detector of RECIPE on images without labels.

    RECIPE is a file or the name of a folder under models/; phinet-demo if left out.

    `tinydf train RECIPE --init OUT` begins with its weights. Progress is kept after each epoch: after an interruption,
    the same command with --resume continues from there.
    """
    from tinydf.cli.show.pretraining import show_pretrained
    from tinydf.train.pretrain import pretrain
    from tinydf.train.recipe import find_recipe, override_pretraining, read_recipe

    (data,), out = workspace.take(data=data), out or workspace.pretrained
    followed = override_pretraining(read_recipe(find_recipe(recipe)), method=method, seed=seed, epochs=epochs)
    try:
        record = pretrain(followed, data, out, resume, force)
    except KeyboardInterrupt:
        fail("interrupted; the same command with --resume continues after the last whole epoch", 130)
    if as_json:
        print_json(record)
    else:
        show_pretrained(record)
    note(f"wrote {out}")

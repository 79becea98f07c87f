# SPDX-License-Identifier: Apache-2.0
"""`tinydf export`."""

from pathlib import Path
from typing import cast

import click

from tinydf.artefacts.parity import Calibration
from tinydf.cli.console import print_json, results
from tinydf.cli.options import in_workspace
from tinydf.export.ranges import METHODS
from tinydf.workspace import Workspace


@click.command(name="export")
@click.argument("source", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.option("--int8", is_flag=True, required=True, help="Quantise to int8 (the only kind there is).")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Data set, for calibration and parity.  [default: build/data]"
)
@click.option("--out", type=click.Path(path_type=Path), help="The export directory to write.  [default: build/export]")
@click.option(
    "--calibration",
    type=click.Choice([*METHODS, "learned", "best"]),
    help="How int8 ranges are taken: as learned by --qat, else minmax; `best` tries all on the validation split.",
)
@click.option("--json", "as_json", is_flag=True, help="Print manifest and parity as JSON.")
@in_workspace
def command(
    source: Path | None,
    int8: bool,
    data: Path | None,
    out: Path | None,
    calibration: str | None,
    as_json: bool,
    workspace: Workspace,
) -> None:
    """Export RUN: a run directory of `tinydf train`, an .onnx, an int8 .tflite, or the name of a published detector.

    Left out, it is build/run; where nothing has been trained, the published phinet-demo.

    Writes ONNX, float and int8 TFLite, C arrays for TFLM, compiled C, parity.json and manifest.json into the export
    directory. Each stage is compared with the one it came from; outside its limits the command fails and names it, and
    an older export stays as it was. A .tflite is checked and packaged as it is, and needs no data set.
    """
    from tinydf.artefacts.parity import read_parity
    from tinydf.cli.show.export import calibrations_table, layers_table, parity_table
    from tinydf.workspace.export import export_here

    ways = METHODS if calibration == "best" else () if calibration is None else (cast(Calibration, calibration),)
    out = out or workspace.export
    manifest = export_here(workspace, source, data, out, ways)
    parity = read_parity(out)
    if as_json:
        print_json({"manifest": manifest.model_dump(mode="json"), "parity": parity and parity.model_dump(mode="json")})
        return
    if parity:
        if parity.calibrations:
            results.print(calibrations_table(parity))
        results.print(parity_table(parity))
        results.print(layers_table(parity.layers))
    size = (out / "model.tflite").stat().st_size
    results.print(f"{out}: {manifest.name}, model.tflite {size} bytes", soft_wrap=True)

"""`tinydf export`."""

from pathlib import Path
from typing import cast

import click

from tinydf.console import print_json, results
from tinydf.export.ranges import METHODS, Calibration


@click.command(name="export")
@click.argument("source", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--int8", is_flag=True, required=True, help="Quantise to int8 (the only kind there is).")
@click.option("--data", type=click.Path(path_type=Path), help="The data set, for calibration and parity.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The export directory to write.")
@click.option(
    "--calibration",
    type=click.Choice([*METHODS, "learned", "best"]),
    help="How int8 ranges are taken: as learned by --qat, else minmax; `best` tries all on the validation split.",
)
@click.option("--json", "as_json", is_flag=True, help="Print manifest and parity as JSON.")
def command(source: Path, int8: bool, data: Path | None, out: Path, calibration: str | None, as_json: bool) -> None:
    """Export RUN: a run directory of `tinydf train`, an .onnx, or an int8 .tflite that you bring.

    Writes ONNX, float and int8 TFLite, C arrays for TFLM, compiled C, parity.json and manifest.json into the export
    directory. Each stage is compared with the one it came from; outside its limits the command fails and names it, and
    an older export stays as it was. A .tflite is checked and packaged as it is, and needs no data set.
    """
    from tinydf.export.run import export_run
    from tinydf.export.show import calibrations_table, layers_table, parity_table, read_parity

    ways = METHODS if calibration == "best" else () if calibration is None else (cast(Calibration, calibration),)
    manifest = export_run(source, data, out, ways)
    parity = read_parity(out)
    if as_json:
        print_json({"manifest": manifest.model_dump(mode="json"), "parity": parity and parity.model_dump(mode="json")})
        return
    if parity:
        if parity.calibrations:
            results.print(calibrations_table(parity))
        results.print(parity_table(parity))
        results.print(layers_table(parity.layers))
    results.print(f"{out}: {manifest.name}, model.tflite {(out / 'model.tflite').stat().st_size} bytes")

# SPDX-License-Identifier: Apache-2.0
"""What each detector costs: `make bench-detectors` writes `detectors.json` and `detectors.md` beside this file.

Weights are random, from a fixed seed: costs hardly depend on what was learned. Conversions are kept in the cache, so
that a run that was interrupted resumes where it stopped.
"""

import argparse
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from benchmarks.untrained import to_tflite
from tinydf import detectors
from tinydf.bench.profile import profile
from tinydf.cli.console import note
from tinydf.cli.main import errors_as_lines
from tinydf.detectors.cost import count_macs, count_parameters
from tinydf.files import write_json, write_text
from tinydf.train.recipe import find_recipe, read_recipe

HERE = Path(__file__).parent
BOARD = "nucleo-h743"
# Name, recipe, and how it differs from that recipe.
COMPACT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("phinet-demo", "phinet-demo", {}),
    ("phinet-demo, no squeeze-and-excitation", "phinet-demo", {"squeeze_excite": False}),
    ("phinet-demo, h-swish", "phinet-demo", {"activation": "h-swish"}),
    ("phinet-demo, alpha 0.5", "phinet-demo", {"alpha": 0.5}),
    ("phinet-demo, t0 6, beta 0.5, 6 blocks", "phinet-demo", {"t0": 6.0, "beta": 0.5, "blocks": 6}),
    ("micronet-m0", "micronet-m0", {}),
    ("micronet-m0, last 32", "micronet-m0", {"last": 32}),
    ("micronet-m0, 12 residuals", "micronet-m0", {"residuals": 12}),
    ("micronet-m1", "micronet-m1", {}),
    ("micronet-m2", "micronet-m2", {}),
    ("micronet-m3", "micronet-m3", {}),
    ("mobilenet-v2-035", "mobilenet-v2-035", {}),
    ("mobilenet-v2-035, 20 residuals", "mobilenet-v2-035", {"residuals": 20}),
    ("mobilenet-v3-small", "mobilenet-v3-small", {}),
    ("resnet-8", "resnet-8", {}),
)
LARGE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("resnet-18", "resnet-18", {}),
    ("resnet-50", "resnet-50", {}),
    ("resnet-50-nodown", "resnet-50-nodown", {}),
)


class Cost(BaseModel):
    """One detector; what concerns the device is None where it is too large for one.

    `macs` are of its convolutions for one image. `ram_bytes` is the compiled engine's arena, input and output inside;
    `flash_bytes` its code and weights, the firmware around it apart. `instructions` are emulated ones for an inference.
    `equal`: every output byte on the board is that of TFLM's interpreter.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    detector: str
    options: dict[str, Any]
    size: int
    parameters: int
    macs: int
    tflite_bytes: int | None = None
    ram_bytes: int | None = None
    flash_bytes: int | None = None
    instructions: int | None = None
    instructions_per_mac: float | None = None
    equal: bool | None = None


def measure(name: str, recipe_name: str, changes: dict[str, Any], compact: bool) -> Cost:
    """Count a detector; a compact one is converted and profiled on the board too."""
    recipe = read_recipe(find_recipe(recipe_name))
    options, size = recipe.detector.options | changes, recipe.preprocess.size
    model = detectors.build(recipe.detector.name, options)
    counted = Cost(
        name=name,
        detector=recipe.detector.name,
        options=options,
        size=size,
        parameters=count_parameters(model),
        macs=count_macs(model, size),
    )
    if not compact:
        return counted
    tflite = to_tflite(recipe.detector.name, options, size)
    profiled = profile(tflite, BOARD)
    return counted.model_copy(
        update={
            "tflite_bytes": len(tflite),
            "ram_bytes": profiled.ram_bytes,
            "flash_bytes": profiled.code_bytes + profiled.weight_bytes,
            "instructions": profiled.instructions,
            "instructions_per_mac": round(profiled.instructions / counted.macs, 2),
            "equal": profiled.equal,
        }
    )


def markdown(costs: list[Cost]) -> str:
    """The table."""
    lines = [
        "# Detectors",
        "",
        f"Written by `make bench-detectors`: two classes, one image of 96x96 pixels, on the emulated {BOARD}. RAM is",
        "the compiled engine's arena, flash its code and weights. Instructions are emulated ones for an inference,",
        "neither cycles nor time. MACs are those of the detector's convolutions. Weights are random.",
        "",
        "| detector | parameters | MACs | .tflite | RAM | flash | instructions | a MAC | TFLM's bytes |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in costs:
        figures = (one.parameters, one.macs, one.tflite_bytes, one.ram_bytes, one.flash_bytes, one.instructions)
        ratio = "-" if one.instructions_per_mac is None else f"{one.instructions_per_mac:.2f}"
        equal = {True: "yes", False: "**no**", None: "-"}[one.equal]
        lines.append(" | ".join(("| " + one.name, *(_number(figure) for figure in figures), ratio, equal + " |")))
    return "\n".join(lines) + "\n"


def _number(figure: int | None) -> str:
    return "-" if figure is None else f"{figure:,}"


def main() -> None:
    """Measure all detectors, or those that are named, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", help="names of detectors; prints the table and writes nothing")
    arguments = parser.parse_args()
    costs = []
    for cases, compact in ((COMPACT, True), (LARGE, False)):
        for name, recipe, changes in cases:
            if not arguments.only or name in arguments.only:
                costs.append(measure(name, recipe, changes, compact))
                note(f"{name}: {costs[-1].instructions_per_mac or '-'} instructions a MAC")
    if arguments.only:
        print(markdown(costs))
        return
    write_json(HERE / "detectors.json", {"board": BOARD, "detectors": [one.model_dump() for one in costs]})
    write_text(HERE / "detectors.md", markdown(costs))


if __name__ == "__main__":
    with errors_as_lines():
        main()

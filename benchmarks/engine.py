# SPDX-License-Identifier: Apache-2.0
"""`make bench-engine`: the compiled engine on emulated boards of every core, beside its baselines and its goals.

Measures MLPerf Tiny's four models, and every detector of `models/` with random weights (costs hardly depend on them),
and writes `benchmarks/engine.json` and `benchmarks/engine.md`.
"""

import argparse
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from benchmarks import mlperf_tiny, untrained
from benchmarks.engine_table import markdown
from tinydf.bench.profile import Profile, profile
from tinydf.bench.simulate import Speed, compare_speed
from tinydf.boards import board as boards
from tinydf.cli.console import note
from tinydf.cli.main import errors_as_lines
from tinydf.data.parallel import processes
from tinydf.errors import TinydfError
from tinydf.files import read_record, write_json, write_text
from tinydf.resources import MODELS
from tinydf.train.recipe import read_recipe

HERE = Path(__file__).parent
BASELINES = HERE / "baselines.toml"
FILE = "engine.json"
BOARDS = ("nucleo-h743", "mps2-an386", "mps2-an500", "mps3-an547", "esp32-c3-devkitm-1")
"""By default; all others have cores of these, or one that runs the same kernels."""
# PhiNet's other forms: the recipe has squeeze and excitation, and ReLU6 for the paper's h-swish.
FORMS: dict[str, dict[str, dict[str, object]]] = {
    "phinet-demo": {
        "phinet-demo-no-se": {"squeeze_excite": False},
        "phinet-demo-h-swish": {"activation": "h-swish"},
    }
}
HOST_ALONE = {"resnet"}
"""Detectors that are too large for any board."""
SPEED_IMAGES = 64
MOST_PARAMETERS = 2_000_000
LAYERS = 10

Figures = dict[str, dict[str, float]]


class Strict(BaseModel):
    """Refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Baseline(Strict):
    """Another engine's figures, by core and model; those of bytes are the Cortex-M7's."""

    name: str
    source: str
    instructions: Figures
    ram_bytes: dict[str, int]
    code_bytes: dict[str, int]


class Goals(Strict):
    """What is to be reached at most, by core ("every" for all) and by model or detector."""

    instructions: Figures
    instructions_per_mac: Figures
    ram_bytes: Figures
    code_bytes: Figures


class Baselines(Strict):
    """The whole of baselines.toml; goals of instructions are quotients of the first baseline's."""

    baseline: list[Baseline]
    goal: Goals


class Model(Strict):
    """A model to measure; `detector` is its architecture, empty for MLPerf Tiny's."""

    name: str
    detector: str = ""
    tflite: bytes


class Judgement(Strict):
    """One figure against its goal."""

    figure: Literal["instructions", "instructions_per_mac", "ram_bytes", "code_bytes"]
    value: float
    baseline: float | None
    goal: float
    met: bool


class Measurement(Strict):
    """One model on one board; `profile` is None where `refused` says why."""

    model: str
    detector: str
    board: str
    core: str
    profile: Profile | None
    refused: str = ""
    judgements: tuple[Judgement, ...] = ()


class Report(Strict):
    """What engine.json holds. `speed`: the same C on this machine against TFLM's interpreter, by detector."""

    measurements: tuple[Measurement, ...]
    speed: dict[str, Speed]


def load_models(only: list[str]) -> list[Model]:
    """MLPerf Tiny's models and the detectors that a microcontroller can hold, those of `only` if it names any."""
    chosen = [Model(name=name, tflite=data) for name, data in mlperf_tiny.models().items() if not only or name in only]
    for folder in sorted(path.parent for path in MODELS.glob("*/recipe.toml")):
        recipe = read_recipe(folder / "recipe.toml")
        if recipe.detector.name in HOST_ALONE:
            continue
        for name, changes in {folder.name: {}, **FORMS.get(folder.name, {})}.items():
            options = {**recipe.detector.options, **changes}
            if (only and name not in only) or untrained.parameters(recipe.detector.name, options) > MOST_PARAMETERS:
                continue
            note(f"converting {name}")
            tflite = untrained.to_tflite(recipe.detector.name, options, recipe.preprocess.size)
            chosen.append(Model(name=name, detector=recipe.detector.name, tflite=tflite))
    return chosen


def measure(model: Model, board: str, baselines: Baselines) -> Measurement:
    """Profile a model on a board and judge it; a model that does not fit is a result too."""
    core = boards.load(board).core.name
    common = {"model": model.name, "detector": model.detector, "board": board, "core": core}
    try:
        measured = profile(model.tflite, board)
    except TinydfError as error:
        note(f"{board}: {model.name}: {error.what}")
        return Measurement(**common, profile=None, refused=error.what)
    note(f"{board}: {model.name}: {measured.instructions:,} instructions, equal: {measured.equal}")
    judgements = tuple(judge(model, core, measured, baselines))
    return Measurement(**common, profile=_shortened(measured), judgements=judgements)


def _shortened(measured: Profile) -> Profile:
    """A profile with its costliest layers only, in their order."""
    costliest = sorted(measured.layers, key=lambda layer: -layer.instructions)[:LAYERS]
    return measured.model_copy(update={"layers": tuple(sorted(costliest, key=lambda layer: layer.index))})


def judge(model: Model, core: str, measured: Profile, baselines: Baselines) -> list[Judgement]:
    """The figures that have a goal."""
    first, goals = baselines.baseline[0], baselines.goal
    names = (model.name, model.detector)
    judgements = []
    quotient = _goal(goals.instructions, core, names)
    other = _goal(first.instructions, core, names)
    if quotient is not None and other is not None:
        limit = quotient * other
        met = measured.instructions <= limit
        judgements.append(
            Judgement(figure="instructions", value=measured.instructions, baseline=other, goal=limit, met=met)
        )
    for figure, given, theirs in (
        ("instructions_per_mac", goals.instructions_per_mac, {}),
        ("ram_bytes", goals.ram_bytes, first.ram_bytes),
        ("code_bytes", goals.code_bytes, first.code_bytes),
    ):
        goal, value = _goal(given, core, names), getattr(measured, figure)
        if goal is not None and value is not None:
            judgements.append(
                Judgement(figure=figure, value=value, baseline=theirs.get(model.name), goal=goal, met=value <= goal)
            )
    return judgements


def _goal(figures: Mapping[str, Mapping[str, float]], core: str, names: tuple[str, str]) -> float | None:
    by_name = {**figures.get("every", {}), **figures.get(core, {})}
    return next((by_name[name] for name in names if name in by_name), None)


def measure_speed(model: Model) -> Speed:
    """The same C on this machine, against TFLM's interpreter."""
    from tinydf.compiler import compile_model, write_compiled
    from tinydf.compiler.host.check import random_inputs

    compiled = compile_model(model.tflite)
    with tempfile.TemporaryDirectory(prefix="tinydf-bench-") as scratch:
        write_compiled(compiled, Path(scratch))
        return compare_speed(Path(scratch), model.tflite, random_inputs(compiled.plan.input.shape[1:], SPEED_IMAGES))


def main() -> None:
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", nargs="+", default=list(BOARDS))
    parser.add_argument("--models", nargs="+", default=[], help="all by default; figures of others are kept")
    parser.add_argument("--jobs", type=int, default=1, help="how many to measure at a time")
    parser.add_argument("--out", type=Path, default=HERE, help="directory of engine.json and engine.md")
    arguments = parser.parse_args()
    baselines = Baselines.model_validate(tomllib.loads(BASELINES.read_text(encoding="utf-8")))
    models = load_models(arguments.models)
    with processes(arguments.jobs) as pool:
        waiting = [pool.submit(measure, model, board, baselines) for board in arguments.boards for model in models]
        measurements = tuple(one.result() for one in waiting)
    speed = {model.name: measure_speed(model) for model in models if model.detector}
    report = Report(measurements=measurements, speed=speed)
    if (arguments.out / FILE).is_file():
        report = merged(read_record(Report, arguments.out / FILE, "make bench-engine"), report)
    write_json(arguments.out / FILE, report)
    write_text(arguments.out / "engine.md", markdown(report, baselines))


def merged(old: Report, new: Report) -> Report:
    """The new figures, and the old ones of what was not measured this time."""
    by_place = {(one.board, one.detector != "", one.model): one for one in (*old.measurements, *new.measurements)}
    return Report(measurements=tuple(by_place[place] for place in sorted(by_place)), speed={**old.speed, **new.speed})


if __name__ == "__main__":
    with errors_as_lines():
        main()

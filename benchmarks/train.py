# SPDX-License-Identifier: Apache-2.0
"""Training measured: how fast each kind of detector learns, in which memory order and with how many threads.

`make bench-train` writes `train.json` and `train.md` beside this file. The first table is of steps alone (forward,
backward, optimiser) on one batch, the best of several short turns that alternate with each other; the second is of
`tinydf train` as users run it, one epoch on a data set, with the part of the time that goes by waiting for images. The
large baselines have no place in the second: an epoch of theirs takes a CPU too long.
"""

import argparse
import os
import tempfile
import time
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from pydantic import BaseModel
from torch import Tensor, nn

from tinydf import detectors
from tinydf.cli.console import note
from tinydf.cli.main import errors_as_lines
from tinydf.files import write_json, write_text
from tinydf.train.distributed import distributed_context
from tinydf.train.loop import train
from tinydf.train.recipe import Recipe, find_recipe, read_recipe
from tinydf.train.trainer import Trainer

COMPACT = (
    "phinet-demo",
    "phinet-faces",
    "micronet-m0",
    "micronet-faces",
    "mobilenet-v2-035",
    "mobilenet-v3-small",
    "resnet-8",
)
LARGE = ("resnet-18", "resnet-50")
TURNS, STEPS = 3, 2
FORMATS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}


class Steps(BaseModel):
    """How fast steps alone are."""

    recipe: str
    threads: int
    memory: str
    batch: int
    images_per_second: float
    processor_milliseconds: float


class Epoch(BaseModel):
    """One epoch of `tinydf train`, augmentation included."""

    recipe: str
    threads: int
    images_per_second: float
    waited: float


class Results(BaseModel):
    torch: str
    cores: int
    load: float
    steps: list[Steps]
    epochs: list[Epoch]


def time_steps(recipe: Recipe, threads: list[int]) -> list[Steps]:
    """Images learned from in a second, in each memory order and with each number of threads."""
    seconds: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for _ in range(TURNS):
        for count in threads:
            for memory in FORMATS:
                torch.set_num_threads(count)
                seconds.setdefault((count, memory), []).extend(_step_seconds(recipe, memory))
    batch = recipe.training.batch_size
    return [
        Steps(
            recipe=recipe.name,
            threads=count,
            memory=memory,
            batch=batch,
            images_per_second=round(batch / min(wall for wall, _ in turns)),
            processor_milliseconds=round(1000 * min(processor for _, processor in turns) / batch, 2),
        )
        for (count, memory), turns in seconds.items()
    ]


def _step_seconds(recipe: Recipe, memory: str) -> list[tuple[float, float]]:
    """Seconds of some steps: that went by, and that all threads together computed."""
    with distributed_context() as context:
        model = detectors.build(recipe.detector.name, recipe.detector.options)
        trainer = Trainer(model.to(memory_format=FORMATS[memory]), recipe.training, TURNS * STEPS, context)
        size, batch = recipe.preprocess.size, recipe.training.batch_size
        images = torch.rand(batch, 3, size, size).to(context.device, memory_format=FORMATS[memory])
        labels = torch.arange(batch, device=context.device) % 2
        seconds = []
        for _ in range(STEPS):
            wall, processor = time.perf_counter(), time.process_time()
            trainer.step(partial(_loss, trainer.forward, images, labels))
            seconds.append((time.perf_counter() - wall, time.process_time() - processor))
        return seconds


def _loss(forward: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(forward(images), labels)


def time_epoch(recipe: Recipe, data: Path, threads: int) -> Epoch:
    """One epoch by the recipe over a data set."""
    torch.set_num_threads(threads)
    short = recipe.model_copy(update={"training": recipe.training.model_copy(update={"epochs": 1})})
    with tempfile.TemporaryDirectory(prefix="tinydf-") as scratch:
        metrics = train(short, data, Path(scratch) / "run")
    return Epoch(
        recipe=recipe.name,
        threads=threads,
        images_per_second=round(metrics.images_per_second),
        waited=round(metrics.waited, 4),
    )


def as_markdown(results: Results) -> str:
    """The results as tables."""
    lines = [
        "# Training",
        "",
        "Written by `make bench-train`; what it measures is in `benchmarks/train.py`.",
        "",
        f"torch {results.torch}, {results.cores} cores, a load of {results.load:.1f} before it began. On a busy",
        "machine all figures are too low, those of several threads most; there, the processor time of one thread is",
        "the surer one.",
        "",
        "## Steps alone",
        "",
        "| recipe | batch | threads | memory order | images/s | processor time an image, ms |",
        "|---|---|---|---|---|---|",
    ]
    for step in results.steps:
        speed = f"{step.images_per_second:.0f} | {step.processor_milliseconds:.2f}"
        lines.append(f"| {step.recipe} | {step.batch} | {step.threads} | {step.memory} | {speed} |")
    lines += [
        "",
        "## `tinydf train`, an epoch with augmentation",
        "",
        "| recipe | threads | images/s | waiting for images |",
        "|---|---|---|---|",
    ]
    for epoch in results.epochs:
        lines.append(
            f"| {epoch.recipe} | {epoch.threads} | {epoch.images_per_second:.0f} | {100 * epoch.waited:.1f} % |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the two files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="data set directory, as of `tinydf data demo`")
    parser.add_argument("--recipes", nargs="*", help="names of folders under models/; one of each kind if not given")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    threads = sorted({1, cores})
    steps: list[Steps] = []
    epochs: list[Epoch] = []
    for name in arguments.recipes or COMPACT + LARGE:
        recipe = read_recipe(find_recipe(name))
        note(recipe.name)
        steps += time_steps(recipe, threads)
        if name not in LARGE:
            epochs += [time_epoch(recipe, arguments.data, count) for count in threads]
    results = Results(torch=torch.__version__, cores=cores, load=round(load, 2), steps=steps, epochs=epochs)
    write_json(arguments.out / "train.json", results)
    write_text(arguments.out / "train.md", as_markdown(results))


if __name__ == "__main__":
    with errors_as_lines():
        main()

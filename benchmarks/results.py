# SPDX-License-Identifier: Apache-2.0
"""What pre-training and compression augmentation are worth: three compact detectors and a large one, four ways each.

`make results` trains every cell of the table on the full tier, judges it on held-out sources, and writes `results.json`
beside this file and `docs/reference/results.md`. All cells see equally many images; those with pre-training see as many
unlabelled views before. A cell counts from the moment that it is in `results.json`: a run that was stopped goes on
where it was, and a cell whose recipe or data have changed is made again.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from benchmarks.results_page import SETTINGS, Cell, Figure, Group, Results, Setting, page
from benchmarks.trainings import full_tier, identity, side_by_side
from tinydf.cli.console import note
from tinydf.cli.main import errors_as_lines
from tinydf.data.dataset import PRE_SOCIAL, Dataset
from tinydf.data.parallel import cores
from tinydf.files import read_record, write_json, write_text
from tinydf.train.evaluate import Evaluation, evaluate, score_run
from tinydf.train.loop import train
from tinydf.train.pretrain import pretrain
from tinydf.train.recipe import Recipe, find_recipe, override, read_recipe

HERE = Path(__file__).parent
FILE = HERE / "results.json"
PAGE = HERE.parent / "docs" / "reference" / "results.md"

COMPACT = ("phinet-demo", "micronet-m0", "mobilenet-v2-035")
LARGE = "resnet-50" if torch.cuda.is_available() else "resnet-18"
RESIDUALS = 24
"""Filters of the fixed first layer, which PhiNet has by itself: from raw pixels, six epochs teach the others little."""
SEEDS = 3
EPOCHS, CROPS = 6, 4
PRETRAINING_EPOCHS, PAIRS = 6, 2
"""Two views a pair: as many views as the training has images."""


@dataclass(frozen=True)
class Job:
    """A cell, or the pre-training that two cells begin with (`setting` is None)."""

    detector: str
    setting: Setting | None
    seed: int

    @property
    def name(self) -> str:
        """The directory that it works in."""
        return f"{self.detector}-{self.setting or 'pretraining'}-{self.seed}"

    @property
    def pretraining(self) -> "Job | None":
        """What must be there before."""
        return Job(self.detector, None, self.seed) if self.setting in ("ssl", "ssl-augmentation") else None

    def recipe(self) -> Recipe:
        """The published recipe, made equally long for all."""
        published = read_recipe(find_recipe(self.detector))
        recipe = override(published, self.seed, EPOCHS, augment=self.setting != "plain" and self.setting != "ssl")
        options = recipe.detector.options
        options = options | {"residuals": options.get("residuals", RESIDUALS)}
        return recipe.model_copy(
            update={
                "detector": recipe.detector.model_copy(update={"options": options}),
                "training": recipe.training.model_copy(update={"crops": CROPS}),
                "pretraining": recipe.pretraining.model_copy(update={"epochs": PRETRAINING_EPOCHS, "crops": PAIRS}),
            }
        )

    def identity(self, dataset_sha256: str) -> str:
        """By which its cell is known again."""
        before = self.pretraining.identity(dataset_sha256) if self.pretraining else ""
        return identity(self.recipe(), dataset_sha256, before)


def jobs() -> Iterator[Job]:
    """All of them: one seed of everything first, so that a run cut short has a whole table."""
    for seed in range(SEEDS):
        for detector in (*COMPACT, LARGE) if seed == 0 else COMPACT:
            yield Job(detector, "plain", seed)
            yield Job(detector, "augmentation", seed)
            yield Job(detector, None, seed)
            yield Job(detector, "ssl", seed)
            yield Job(detector, "ssl-augmentation", seed)


def work(job: Job, data: Path, out: Path) -> Cell | None:
    """Do a job; resumes a partial run."""
    torch.set_num_threads(1)
    recipe, directory = job.recipe(), out / job.name
    if job.setting is None:
        pretrain(recipe, data, directory, resume=True)
        return None
    initial = out / job.pretraining.name if job.pretraining else None
    metrics = train(recipe, data, directory, resume=True, initial=initial)
    evaluation = evaluate(score_run(directory, data, "test"))
    return Cell(
        detector=job.detector,
        setting=job.setting,
        seed=job.seed,
        identity=job.identity(evaluation.dataset_sha256),
        parameters=metrics.parameters,
        macs=metrics.macs,
        seconds=metrics.seconds,
        seen=_group(evaluation, "seen"),
        unseen=_group(evaluation, "unseen"),
    )


def _group(evaluation: Evaluation, name: Literal["seen", "unseen"]) -> Group:
    fresh = getattr(evaluation, name)[PRE_SOCIAL]
    shared = evaluation.after_sharing[name]
    return Group(
        pre_social=Figure(
            value=fresh.balanced_accuracy,
            interval=evaluation.certainty[name][PRE_SOCIAL].intervals.get("balanced_accuracy"),
        ),
        after_sharing=Figure(value=shared.mean, interval=shared.interval),
        worst=shared.worst,
    )


class Table:
    """The cells that there are; each is written down as soon as it is made."""

    def __init__(self, data: Dataset) -> None:
        """Take those of `results.json` that are of this data and of today's recipes."""
        self._data = data
        wanted = {job.identity(data.sha256) for job in jobs() if job.setting}
        before = read_record(Results, FILE, "make results").cells if FILE.is_file() else []
        self._cells = {cell.identity: cell for cell in before if cell.identity in wanted}

    def has(self, job: Job) -> bool:
        """Whether a job's cell is there, or for a pre-training those of both settings that need it."""
        settings = [job.setting] if job.setting else ["ssl", "ssl-augmentation"]
        cells = [Job(job.detector, setting, job.seed) for setting in SETTINGS if setting in settings]
        return all(cell.identity(self._data.sha256) in self._cells for cell in cells)

    def add(self, cell: Cell) -> None:
        """Write the table with one cell more."""
        self._cells[cell.identity] = cell
        order = [job.identity(self._data.sha256) for job in jobs() if job.setting]
        cells = [self._cells[identity] for identity in order if identity in self._cells]
        results = Results(dataset_sha256=self._data.sha256, torch=torch.__version__, cells=cells)
        write_json(FILE, results)
        write_text(PAGE, page(results, COMPACT, LARGE, SEEDS))


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the full tier")
    parser.add_argument("--out", type=Path, default=Path("build/results"), help="where trainings are kept")
    parser.add_argument("--processes", type=int, default=cores(), help="trainings side by side")
    arguments = parser.parse_args()
    table = Table(full_tier(arguments.data))
    left = [job for job in jobs() if not table.has(job)]
    note(f"{len(left)} jobs to do; stop at any time, the same command resumes")
    judge = partial(work, data=arguments.data, out=arguments.out)
    for job, cell, remaining in side_by_side(judge, left, arguments.processes, after=lambda job: job.pretraining):
        if cell:
            table.add(cell)
        note(f"{job.name}: done, {remaining} to go")


if __name__ == "__main__":
    with errors_as_lines():
        main()

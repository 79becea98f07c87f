# SPDX-License-Identifier: Apache-2.0
"""The detectors for faces against the project's goals: every figure of int8, on held-out faces, over several seeds.

`make bench-faces` trains each on the full tier, exports it, judges the faces of the test split by its compiled C, whose
bytes are a board's, and writes `faces.json` and `faces.md` beside this file. A training counts from the moment that it
is in `faces.json`: an interrupted run resumes, and what had another recipe or other data is made again.
"""

import argparse
from functools import partial
from itertools import product
from pathlib import Path

import torch

from benchmarks.faces_page import Results, Trained, page
from benchmarks.trainings import full_tier, identity, side_by_side
from tinydf.artefacts.manifest import MODEL
from tinydf.bench.simulate import simulate
from tinydf.cli.console import note
from tinydf.cli.main import errors_as_lines
from tinydf.data.parallel import cores
from tinydf.export.run import export_run
from tinydf.files import read_record, write_json, write_text
from tinydf.train.loop import train
from tinydf.train.recipe import Recipe, find_recipe, override, read_recipe

HERE = Path(__file__).parent
FILE = HERE / "faces.json"
PAGE = HERE / "faces.md"

DETECTORS = ("phinet-faces", "micronet-faces")
SEEDS = 3
SOURCES = "faces-*"


def recipe(detector: str, seed: int) -> Recipe:
    """The published recipe with a seed."""
    return override(read_recipe(find_recipe(detector)), seed)


def work(job: tuple[str, int], data: Path, out: Path) -> Trained:
    """Train a detector with a seed, export and judge it; resumes a partial run."""
    detector, seed = job
    torch.set_num_threads(1)
    run, exported = out / f"{detector}-{seed}", out / f"{detector}-{seed}-int8"
    metrics = train(recipe(detector, seed), data, run, resume=True)
    export_run(run, data, exported)
    return Trained(
        detector=detector,
        seed=seed,
        identity=identity(recipe(detector, seed), metrics.dataset_sha256),
        parameters=metrics.parameters,
        macs=metrics.macs,
        tflite_bytes=(exported / MODEL).stat().st_size,
        accuracy=simulate(exported, data, sources=SOURCES).accuracy,
    )


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the full tier")
    parser.add_argument("--out", type=Path, default=Path("build/faces"), help="where trainings are kept")
    parser.add_argument("--processes", type=int, default=cores(), help="trainings side by side")
    arguments = parser.parse_args()
    data = full_tier(arguments.data)
    wanted = [(detector, seed) for seed, detector in product(range(SEEDS), DETECTORS)]
    order = [identity(recipe(*one), data.sha256) for one in wanted]
    before = read_record(Results, FILE, "make bench-faces").trained if FILE.is_file() else []
    done = {one.identity: one for one in before if one.identity in order}
    left = [one for one, name in zip(wanted, order, strict=True) if name not in done]
    note(f"{len(left)} of {len(wanted)} trainings to do; stop at any time, the same command resumes")
    judge = partial(work, data=arguments.data, out=arguments.out)
    for (detector, seed), trained, remaining in side_by_side(judge, left, arguments.processes):
        done[trained.identity] = trained
        results = Results(
            dataset_sha256=data.sha256,
            torch=torch.__version__,
            sources=SOURCES,
            trained=[done[name] for name in order if name in done],
        )
        write_json(FILE, results)
        write_text(PAGE, page(results, len(wanted)))
        note(f"{detector}, seed {seed}: done, {remaining} to go")


if __name__ == "__main__":
    with errors_as_lines():
        main()

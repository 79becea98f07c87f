# SPDX-License-Identifier: Apache-2.0
"""Everything that the page says, as data: the page is drawn from this, and `--json` prints it."""

from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tinydf.artefacts.manifest import MODEL
from tinydf.artefacts.parity import FILE as PARITY
from tinydf.artefacts.parity import Parity
from tinydf.artefacts.plan import Plan
from tinydf.bench.images import images
from tinydf.bench.journal import Answer
from tinydf.bench.summary import CYCLES, UNITS, Bench, device_case, host_case
from tinydf.boards import board as boards
from tinydf.data.audit import warning_lines
from tinydf.data.dataset import Dataset, Split
from tinydf.files import read_record
from tinydf.metrics.accuracy import Accuracy, Case, measure_accuracy
from tinydf.report.chain import Artefacts, HashedFile
from tinydf.report.memory import Region, regions

DEVICE, INT8, FLOAT, BASELINE = "device", "int8", "float", "baseline"


class Fact(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Licence(Fact):
    """How many photographs, or which generators, come under a licence."""

    licence: str
    of: str


class DataFacts(Fact):
    """Where the images are from."""

    name: str
    tier: str
    photographs: int
    images: dict[str, dict[str, int]] = Field(description="split, platform -> how many")
    generators: list[str]
    controls: list[str]
    unseen: list[str]
    licences: list[Licence]
    skipped: int
    shortcuts: list[str] = Field(description="what tells fakes from reals without their traces, a line a generator")


class ModelFacts(Fact):
    """What the detector is."""

    name: str
    input: tuple[int, ...]
    parameters: int | None
    macs: int
    tflite_bytes: int
    tflm_arena_bytes: int | None
    threshold: float
    training_seconds: float | None


class Facts(Fact):
    """The whole report; what was not there is None, or empty."""

    format: int = 1
    board: str | None
    board_title: str | None
    chain: list[HashedFile]
    data: DataFacts | None
    model: ModelFacts
    accuracy: dict[str, Accuracy] = Field(
        description="of the same images: baseline (no augmentation, in floats), float, int8 (host), device"
    )
    bench: Bench | None
    parity: Parity | None
    plan: Plan
    regions: list[Region]


def gather(artefacts: Artefacts) -> Facts:
    """Collect the facts; the floating-point networks judge the images that the board judged."""
    bench, build = artefacts.bench, artefacts.build
    name = bench.board if bench else build.board if build else None
    return Facts(
        board=name,
        board_title=boards.load(name).title if name else None,
        chain=artefacts.chain,
        data=_data(artefacts.dataset) if artefacts.dataset else None,
        model=_model(artefacts),
        accuracy=_accuracy(artefacts),
        bench=bench,
        parity=_parity(artefacts),
        plan=artefacts.plan,
        regions=regions(build, bench.memory.peak_stack_bytes if bench else None) if build else [],
    )


def summary(facts: Facts) -> dict[str, Any]:
    """The few figures that a script or a person asks for first. Balanced accuracy is of seen generators."""
    stages = {name: _balanced(accuracy, "seen") for name, accuracy in facts.accuracy.items()}
    baseline = stages.pop(BASELINE, None)
    bench = facts.bench
    if bench is None:
        about = {"board": facts.board, "model": facts.model.name, "arena_bytes": facts.plan.arena_bytes}
        return {**about, "chain": {link.what: link.sha256 for link in facts.chain}}
    memory = bench.memory
    return {
        "board": facts.board,
        "engine": bench.engine,
        "emulated": bench.emulated,
        "model": facts.model.name,
        "images": bench.images,
        "images_of_split": bench.images_of_split,
        "mismatches": bench.mismatches,
        "balanced_accuracy": stages,
        "balanced_accuracy_unseen": {
            name: _balanced(accuracy, "unseen") for name, accuracy in facts.accuracy.items() if accuracy.unseen
        },
        "baseline_balanced_accuracy": baseline,
        "instructions_per_inference": bench.ticks.median if bench.emulated else None,
        "cycles_per_inference": bench.ticks.median if bench.ticks.unit == UNITS[CYCLES] else None,
        "flash_bytes": memory.flash_bytes,
        "static_ram_bytes": memory.static_ram_bytes,
        "arena_bytes": memory.arena_bytes,
        "peak_stack_bytes": memory.peak_stack_bytes,
        "chain": {link.what: link.sha256 for link in facts.chain},
    }


def known_generators(artefacts: Artefacts) -> dict[str, bool]:
    """Of each generator in the journal, whether training saw it."""
    generators = artefacts.bench.accuracy.generators if artefacts.bench else {}
    return {name: one.seen for name, one in generators.items()}


def _accuracy(artefacts: Artefacts) -> dict[str, Accuracy]:
    if artefacts.journal is None:
        return {}
    answers, known = artefacts.journal.answers, known_generators(artefacts)
    split = artefacts.journal.header.split
    stages = {}
    for stage, run in ((BASELINE, artefacts.baseline), (FLOAT, artefacts.run)):
        if run and artefacts.dataset:
            stages[stage] = float_cases(run, artefacts.dataset, split, answers)
    stages[INT8] = [host_case(one, artefacts.manifest) for one in answers.values()]
    stages[DEVICE] = [device_case(one) for one in answers.values()]
    return {name: measure_accuracy(cases, known) for name, cases in stages.items()}


def float_cases(run: Path, dataset: Dataset, split: Split, answers: dict[int, Answer]) -> list[Case]:
    """What the network of a run says, in floats and at its own threshold, of the images in `answers`."""
    from tinydf.train.evaluate import evaluate_scores
    from tinydf.train.images import images_of
    from tinydf.train.run import load_run

    network, recipe, metrics = load_run(run)
    cases = []
    for platform in dataset.platforms(split):
        wanted = frozenset(index for index, one in answers.items() if one.platform == platform)
        samples = [sample for _, sample in images(dataset, split, wanted)]
        if not samples:
            continue
        for sample, score in zip(samples, evaluate_scores(network, images_of(samples), recipe.preprocess), strict=True):
            fake = bool(score > metrics.threshold)
            cases.append(Case(platform, sample.generator, sample.label, fake, float(score)))
    return cases


def _balanced(accuracy: Accuracy, which: str) -> dict[str, float | None]:
    return {platform: one.balanced_accuracy for platform, one in getattr(accuracy, which).items()}


def _data(dataset: Dataset) -> DataFacts:
    info = dataset.info
    counts: dict[str, dict[str, int]] = {}
    for shard in info.shards:
        split = counts.setdefault(shard.split, {})
        split[shard.platform] = split.get(shard.platform, 0) + shard.count
    photographs = Counter(one.licence for one in info.sources)
    licences = [
        Licence(licence=name, of=f"{count} photograph{'' if count == 1 else 's'}")
        for name, count in sorted(photographs.items())
    ]
    licences += [
        Licence(licence=one.licence, of=f"generator {one.name}: {one.origin}") for one in info.generators if one.label
    ]
    return DataFacts(
        name=info.name,
        tier=info.tier,
        photographs=len(info.sources),
        images=counts,
        generators=[one.name for one in info.generators if one.label],
        controls=[one.name for one in info.generators if not one.label],
        unseen=[one.name for one in info.generators if not one.seen],
        licences=licences,
        skipped=len(info.skipped),
        shortcuts=warning_lines(info.shortcuts or []),
    )


def _parity(artefacts: Artefacts) -> Parity | None:
    """Of what was converted; None for a finished model, which has nothing to be compared with."""
    path = artefacts.export / PARITY
    there = artefacts.run is not None or path.is_file()
    return read_record(Parity, path, "tinydf export --int8 RUN") if there else None


def _model(artefacts: Artefacts) -> ModelFacts:
    manifest, metrics = artefacts.manifest, artefacts.metrics
    return ModelFacts(
        name=manifest.name,
        input=manifest.input.shape,
        parameters=metrics.parameters if metrics else None,
        macs=metrics.macs if metrics else artefacts.plan.macs,
        tflite_bytes=(artefacts.export / MODEL).stat().st_size,
        tflm_arena_bytes=manifest.tflm_arena_bytes,
        threshold=metrics.threshold if metrics else manifest.decision.threshold,
        training_seconds=metrics.seconds if metrics else None,
    )

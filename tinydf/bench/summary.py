# SPDX-License-Identifier: Apache-2.0
"""`bench.json`: what a bench's journal says, counted."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from tinydf.artefacts.build import Build
from tinydf.artefacts.manifest import Manifest
from tinydf.bench.journal import Answer, Contents
from tinydf.data.dataset import Dataset
from tinydf.errors import TinydfError
from tinydf.metrics.accuracy import Accuracy, Case, measure_accuracy

EMULATED = "emulated_instructions"
CYCLES = "cycles"
UNITS = {EMULATED: "emulated instructions", CYCLES: "cycles", "nanoseconds": "nanoseconds of the host"}
NAMED_MISMATCHES = 10


class Summary(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ticks(Summary):
    """Of the board's counter, around one inference alone; of an image of several crops, their mean."""

    unit: str
    minimum: int
    median: float
    percentile_99: float
    maximum: int
    milliseconds: float | None = Field(description="the median, where the unit is cycles of a known clock")


class Transfer(Summary):
    """The inputs' way to the board, on the host's clock; no part of an inference."""

    bytes: int
    seconds: float
    kilobytes_per_second: float


class MemoryUse(Summary):
    """Flash and static RAM are the linker's sum; the rest is what the board said of itself while it ran."""

    flash_bytes: int | None
    static_ram_bytes: int | None
    arena_bytes: int
    stack_bytes: int | None = Field(description="what the stack may use")
    peak_stack_bytes: int | None
    arena_intact: bool


class LineRepairs(Summary):
    """What went wrong on the boards' lines and was mended, over all sessions."""

    repeated: int = Field(description="requests sent again because no answer came")
    refused: int = Field(description="samples or chunks that a board wanted again")
    damaged: int = Field(description="frames that arrived damaged at the host")
    damaged_at_board: int = Field(description="frames that arrived damaged at a board")
    resets: dict[str, int] = Field(description="how often a board started again, by cause")


class LayerTicks(Summary):
    """One layer's part of a profiled inference; its name is index, operator and tensor."""

    name: str
    ticks: int

    @property
    def operator(self) -> str:
        """What the layer computes."""
        return self.name.split(" ")[1]


class Bench(Summary):
    """`bench.json`."""

    format: int = 1
    dataset_sha256: str
    manifest_sha256: str
    model_sha256: str
    build_id: str
    journal_bytes: int
    journal_sha256: str
    board: str
    boards: list[str] = Field(description="unique ids of the chips")
    engine: str
    emulated: bool
    split: str
    images: int
    images_of_split: int
    inferences: int = Field(description="crops judged; one an image, unless the export judges by several")
    mismatches: int = Field(description="images whose output bytes, or verdict, are not the host's")
    mismatched: list[str] = Field(description="the first of them, platform/key")
    accuracy: Accuracy = Field(description="by the board's verdicts")
    ticks: Ticks
    transfer: Transfer
    memory: MemoryUse
    repairs: LineRepairs | None = Field(default=None, description="None where the journal has no such lines")
    layers: list[LayerTicks]


def demand_same_bytes(bench: Bench) -> None:
    """Let a bench end as a failure whose figures are not the model's.

    Raises:
        TinydfError: if the board's bytes are not the host's, or the engine wrote outside its arena.
    """
    if not bench.memory.arena_intact:
        raise TinydfError(
            f"{bench.board}: the engine wrote outside its arena", "build again, for tflm with more --arena"
        )
    if bench.mismatches:
        first = ", ".join(bench.mismatched[:3])
        what = f"{bench.mismatches:,} of {bench.images:,} images have other bytes or verdicts than on the host"
        raise TinydfError(
            f"{bench.board}: {what} ({first})", f"see which layer differs with `tinydf profile --board {bench.board}`"
        )


def device_case(answer: Answer) -> Case:
    """What the board said; the score is the difference of its outputs, mean over the crops."""
    return _case(answer, answer.output, answer.fake)


def host_case(answer: Answer, manifest: Manifest) -> Case:
    """What the host's engine said of the same image."""
    return _case(answer, answer.expected, manifest.verdict(_outputs(answer.expected)))


def _case(answer: Answer, output: str, fake: bool) -> Case:
    real, logit_fake = _outputs(output).mean(axis=0, dtype=np.float64)
    return Case(answer.platform, answer.generator, answer.label, fake, float(logit_fake - real))


def _outputs(output: str) -> NDArray[np.int8]:
    """int8 [crops, 2]."""
    return np.frombuffer(bytes.fromhex(output), np.int8).reshape(-1, 2)


def summarise(journal: Contents, dataset: Dataset, manifest: Manifest, built: Build | None) -> Bench:
    """Count a journal.

    Raises:
        TinydfError: if it holds no answer yet.
    """
    answers = [journal.answers[index] for index in sorted(journal.answers)]
    if not answers:
        raise TinydfError("the journal holds no answer yet", "continue with --resume")
    header = journal.header
    wrong = [one for one in answers if not _as_host(one, manifest)]
    known = dataset.known({one.generator for one in answers}, manifest.generators)
    return Bench(
        dataset_sha256=header.dataset_sha256,
        manifest_sha256=header.manifest_sha256,
        model_sha256=header.model_sha256,
        build_id=header.build_id,
        journal_bytes=journal.size,
        journal_sha256=journal.sha256,
        board=header.board,
        boards=sorted({session.unique_id for session in journal.sessions}),
        engine=header.engine,
        emulated=header.counter_unit == EMULATED,
        split=header.split,
        images=len(answers),
        images_of_split=sum(shard.count for shard in dataset.info.shards if shard.split == header.split),
        inferences=sum(one.crops for one in answers),
        mismatches=len(wrong),
        mismatched=[f"{one.platform}/{one.key}" for one in wrong[:NAMED_MISMATCHES]],
        accuracy=measure_accuracy([device_case(one) for one in answers], known),
        ticks=_ticks(answers, journal),
        transfer=_transfer(answers),
        memory=_memory(answers, journal, built),
        repairs=_repairs(journal),
        layers=_layers(journal),
    )


def _as_host(answer: Answer, manifest: Manifest) -> bool:
    return answer.output == answer.expected and answer.fake == manifest.verdict(_outputs(answer.output))


def _ticks(answers: list[Answer], journal: Contents) -> Ticks:
    ticks = np.array([one.ticks / one.crops for one in answers])
    unit, clocks = journal.header.counter_unit, {session.clock_hz for session in journal.sessions}
    clock = clocks.pop() if len(clocks) == 1 else 0
    median = float(np.median(ticks))
    return Ticks(
        unit=UNITS[unit],
        minimum=int(ticks.min()),
        median=median,
        percentile_99=float(np.percentile(ticks, 99)),
        maximum=int(ticks.max()),
        milliseconds=median / clock * 1000 if unit == CYCLES and clock else None,
    )


def _transfer(answers: list[Answer]) -> Transfer:
    size = sum(one.input_bytes for one in answers)
    seconds = sum(one.transfer_seconds for one in answers)
    return Transfer(bytes=size, seconds=seconds, kilobytes_per_second=size / 1000 / seconds if seconds else 0.0)


def _memory(answers: list[Answer], journal: Contents, built: Build | None) -> MemoryUse:
    return MemoryUse(
        flash_bytes=built.flash_bytes if built else None,
        static_ram_bytes=built.static_ram_bytes if built else None,
        arena_bytes=max(session.arena_bytes for session in journal.sessions),
        stack_bytes=max(session.stack_bytes for session in journal.sessions) or None,
        peak_stack_bytes=max(one.peak_stack_bytes for one in answers) or None,
        arena_intact=all(one.arena_intact for one in answers),
    )


def _repairs(journal: Contents) -> LineRepairs | None:
    if not journal.lines:
        return None
    resets = Counter[str]()
    for line in journal.lines:
        resets.update(line.resets)
    return LineRepairs(
        repeated=sum(line.repeated for line in journal.lines),
        refused=sum(line.refused for line in journal.lines),
        damaged=sum(line.damaged for line in journal.lines),
        damaged_at_board=sum(line.damaged_at_board for line in journal.lines),
        resets=dict(resets),
    )


def _layers(journal: Contents) -> list[LayerTicks]:
    if journal.profile is None:
        return []
    pairs = zip(journal.profile.layers, journal.profile.ticks, strict=True)
    return [LayerTicks(name=name, ticks=ticks) for name, ticks in pairs]

# SPDX-License-Identifier: Apache-2.0
"""`tinydf simulate`: a whole data set through the compiled C of an export, on all of this machine's cores.

The bytes are those that a board gives: it is the same C, with the same arithmetic. TFLM's interpreter can be run beside
it on some of the images, to see that the bytes are the same and how much faster this is.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from tinydf import progress
from tinydf.artefacts.manifest import MODEL, Manifest, read_export
from tinydf.compiler.host.engine import HostEngine, build
from tinydf.compiler.host.interpreter import Interpreter
from tinydf.data.dataset import Dataset, Shard, Shortcut, Split, read_shard
from tinydf.data.parallel import cores, in_processes, processes
from tinydf.errors import TinydfError
from tinydf.metrics.accuracy import Accuracy, Case, measure_accuracy
from tinydf.metrics.pictures import PictureFigures, measure_pictures


class Speed(BaseModel):
    """The same images through TFLM's interpreter, on one core, and through the compiled engine, on one and on all.

    `mismatches` is how many of the images gave other bytes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: int
    mismatches: int
    cores: int
    interpreter_images_per_second: float
    one_core_images_per_second: float
    all_cores_images_per_second: float


class Simulation(BaseModel):
    """A data set judged by an export's compiled engine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset_sha256: str
    model_sha256: str
    split: str
    sources: str
    images: int
    seconds: float
    images_per_second: float
    accuracy: Accuracy
    pictures: dict[str, PictureFigures]
    shortcuts: list[Shortcut]
    speed: Speed | None


@dataclass(frozen=True)
class _Work:
    """One shard for a worker."""

    export: Path
    data: Path
    shard: Shard
    sources: str


def simulate(export: Path, data: Path, split: Split = "test", compare: int = 0, sources: str = "*") -> Simulation:
    """Judge the images of a split, on all platforms.

    Args:
        export: export directory.
        data: data set directory.
        split: which split.
        compare: run as many images through TFLM's interpreter too.
        sources: a pattern that the names of the images' sources fit.

    Raises:
        TinydfError: if there is no such export, data set, split or source, or no C compiler.
    """
    manifest, dataset = read_export(export), Dataset(data)
    shards = [shard for shard in dataset.info.shards if shard.split == split]
    if not shards:
        raise TinydfError(f"{data} has no {split} split", "give another --split")
    build(export)  # once, before every worker wants it
    begin = time.monotonic()
    cases = list(_cases(export, data, shards, sources))
    seconds = time.monotonic() - begin
    if not cases:
        raise TinydfError(f"{data} has no {split} images of sources {sources!r}", "`tinydf data show` has names")
    known = dataset.known({case.generator for case in cases}, manifest.generators)
    return Simulation(
        dataset_sha256=dataset.sha256,
        model_sha256=manifest.chain.tflite,
        split=split,
        sources=sources,
        images=len(cases),
        seconds=round(seconds, 3),
        images_per_second=round(len(cases) / seconds, 1),
        accuracy=measure_accuracy(cases, known),
        pictures=measure_pictures(cases, known, manifest.decision.threshold),
        shortcuts=dataset.info.shortcuts or [],
        speed=compare_speed(export, (export / MODEL).read_bytes(), _first_inputs(manifest, dataset, split, compare))
        if compare
        else None,
    )


def _cases(export: Path, data: Path, shards: Sequence[Shard], sources: str) -> Iterator[Case]:
    work = [_Work(export, data, shard, sources) for shard in shards]
    with progress.bar("simulate", sum(shard.count for shard in shards)) as bar:
        for shard, one in zip(shards, in_processes(_judge_shard, work), strict=True):
            bar.update(advance=shard.count)
            yield from one


@cache
def _engine(directory: Path) -> HostEngine:
    """A worker's engine, made when it gets its first work."""
    return HostEngine(directory)


@cache
def _manifest(export: Path) -> Manifest:
    return read_export(export)


def _judge_shard(work: _Work) -> list[Case]:
    engine, manifest = _engine(work.export), _manifest(work.export)
    samples = [one for one in read_shard(work.data, work.shard) if fnmatchcase(one.source, work.sources)]
    if not samples:
        return []
    inputs = [manifest.to_inputs(sample.image) for sample in samples]
    outputs = np.split(engine.run(np.concatenate(inputs)), np.cumsum([len(one) for one in inputs])[:-1])
    return [
        Case(
            work.shard.platform,
            sample.generator,
            sample.label,
            manifest.verdict(crops),
            manifest.score(crops),
            sample.source,
        )
        for sample, crops in zip(samples, outputs, strict=True)
    ]


def _first_inputs(manifest: Manifest, dataset: Dataset, split: Split, count: int) -> NDArray[np.int8]:
    samples = (sample for platform in dataset.platforms(split) for sample in dataset.samples(split, platform))
    return np.concatenate([manifest.to_inputs(sample.image) for sample, _ in zip(samples, range(count), strict=False)])


def compare_speed(directory: Path, tflite: bytes, inputs: NDArray[np.int8]) -> Speed:
    """Time TFLM's interpreter and the compiled engine on the same inputs.

    One core's rates are of processor time, so that other work on the machine does not count.

    Args:
        directory: where the model's model_aot.c is.
        tflite: the same model, with int8 edges.
        inputs: int8 [images, *input shape].
    """
    interpreter = Interpreter(tflite)
    begin = time.process_time()
    expected = interpreter.run(inputs).reshape(len(inputs), -1)
    interpreted = time.process_time() - begin
    engine = HostEngine(directory)
    begin = time.process_time()
    outputs = engine.run(inputs).reshape(len(inputs), -1)
    alone = time.process_time() - begin
    return Speed(
        images=len(inputs),
        mismatches=int((outputs != expected).any(axis=1).sum()),
        cores=cores(),
        interpreter_images_per_second=round(len(inputs) / interpreted, 1),
        one_core_images_per_second=round(len(inputs) / alone, 1),
        all_cores_images_per_second=round(_together(directory, inputs), 1),
    )


def _together(directory: Path, inputs: NDArray[np.int8]) -> float:
    """Images per second of all cores, each of which runs all inputs several times."""
    rounds = 4
    with processes(cores()) as pool:
        list(pool.map(partial(_run, directory, inputs), [1] * cores()))
        begin = time.monotonic()
        list(pool.map(partial(_run, directory, inputs), [rounds] * cores()))
        return len(inputs) * rounds * cores() / (time.monotonic() - begin)


def _run(directory: Path, inputs: NDArray[np.int8], rounds: int) -> None:
    engine = _engine(directory)
    for _ in range(rounds):
        engine.run(inputs)

"""The hash chain from data set to bench: each artefact names what it came from, and all must be of one run."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tinydf.bench import journal as journals
from tinydf.bench.journal import Contents
from tinydf.bench.run import FILE as BENCH
from tinydf.bench.summary import Bench
from tinydf.boards.build import ELF, Build, read_build
from tinydf.data.dataset import FILE as DATASET
from tinydf.data.dataset import Dataset
from tinydf.errors import TinydfError
from tinydf.files import read_model, sha256_file
from tinydf.manifest import FILE as MANIFEST
from tinydf.manifest import MODEL, Manifest, read_export

WEIGHTS = "weights.safetensors"
ONNX = "model.onnx"
SOURCES = {"aot": "model_aot.c", "tflm": "model_data.cc"}


class RunMetrics(BaseModel):
    """What is needed of a run's `metrics.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    dataset_sha256: str
    weights_sha256: str
    threshold: float
    parameters: int
    macs: int
    epochs: int
    seconds: float


class Link(BaseModel):
    """One artefact of the chain."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Artefacts:
    """Everything that a report is about, of one run."""

    dataset: Dataset
    run: Path
    metrics: RunMetrics
    baseline: Path | None
    export: Path
    manifest: Manifest
    firmware: Path
    build: Build
    bench: Bench
    journal: Contents
    chain: list[Link]


def read(data: Path, run: Path, export: Path, firmware: Path, bench: Path, baseline: Path | None = None) -> Artefacts:
    """Read a run's artefacts, and check that each was made from the one before it.

    Raises:
        TinydfError: if one is missing or damaged, or does not belong to the others; it names the two that do not fit.
    """
    dataset, manifest = Dataset(data), read_export(export)
    metrics = read_model(RunMetrics, run / "metrics.json", "tinydf train RECIPE --data D --out RUN")
    build = read_build(firmware)
    figures = read_model(Bench, bench / BENCH, "tinydf bench")
    journal = journals.read(bench / journals.FILE)

    def same(have: str | None, want: str, one: Path, other: Path) -> None:
        if have != want:
            raise TinydfError(f"{one} was not made from {other}", "a report is of one run; give what belongs together")

    source = SOURCES[build.engine]
    chain = [
        Link(what="data set", file=DATASET, sha256=dataset.sha256),
        Link(what="weights", file=WEIGHTS, sha256=_hash(run / WEIGHTS)),
        Link(what="ONNX", file=ONNX, sha256=_hash(export / ONNX)),
        Link(what="int8 TFLite", file=MODEL, sha256=manifest.chain.tflite),
        Link(what="generated C", file=source, sha256=_hash(export / source)),
        Link(what="firmware image", file=ELF, sha256=build.elf_sha256),
        Link(what="answers of the board", file=journals.FILE, sha256=journal.sha256),
    ]
    hashes = {link.what: link.sha256 for link in chain}
    same(metrics.dataset_sha256, dataset.sha256, run, data)
    same(metrics.weights_sha256, hashes["weights"], run / "metrics.json", run / WEIGHTS)
    same(manifest.chain.dataset, dataset.sha256, export, data)
    same(manifest.chain.weights, hashes["weights"], export, run)
    same(manifest.chain.onnx, hashes["ONNX"], export / MODEL, export / ONNX)
    same(build.sources[source], hashes["generated C"], firmware, export / source)
    same(build.model, manifest.chain.tflite, firmware, export)
    header = journal.header
    same(header.dataset_sha256, dataset.sha256, bench, data)
    same(header.manifest_sha256, sha256_file(export / MANIFEST), bench, export)
    same(header.model_sha256, manifest.chain.tflite, bench, export / MODEL)
    same(header.build_id, build.build_id, bench, firmware)
    same(figures.journal_sha256, journal.sha256, bench / BENCH, bench / journals.FILE)
    if baseline:
        unaugmented = read_model(RunMetrics, baseline / "metrics.json", "tinydf train --no-augment")
        same(unaugmented.dataset_sha256, dataset.sha256, baseline, data)
    return Artefacts(dataset, run, metrics, baseline, export, manifest, firmware, build, figures, journal, chain)


def _hash(path: Path) -> str:
    if not path.is_file():
        raise TinydfError(f"{path} does not exist", "make it anew")
    return sha256_file(path)

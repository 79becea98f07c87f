"""The hash chain from data set to bench: each artefact names what it came from, and all must be of one run."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tinydf.bench import journal as journals
from tinydf.bench.journal import Contents
from tinydf.bench.run import FILE as BENCH
from tinydf.bench.summary import Bench
from tinydf.boards.build import ELF, Build, read_build
from tinydf.compiler.plan import FILE as PLAN
from tinydf.compiler.plan import Plan
from tinydf.data.dataset import FILE as DATASET
from tinydf.data.dataset import Dataset
from tinydf.errors import TinydfError
from tinydf.files import read_model, sha256_file
from tinydf.manifest import FILE as MANIFEST
from tinydf.manifest import MODEL, Manifest, read_export
from tinydf.report.plan import read_plan

METRICS = "metrics.json"
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
    plan: Plan
    chain: list[Link]


def read(data: Path, run: Path, export: Path, firmware: Path, bench: Path, baseline: Path | None = None) -> Artefacts:
    """Read a run's artefacts, and check that each was made from the one before it.

    Raises:
        TinydfError: if one is missing or damaged, or does not belong to the others; it names the two that do not fit.
    """
    dataset, manifest = Dataset(data), read_export(export)
    metrics = _metrics(run)
    build = read_build(firmware)
    figures = read_model(Bench, bench / BENCH, "tinydf bench")
    journal = journals.read(bench / journals.FILE)
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
    of = {link.what: link.sha256 for link in chain}
    plan, header = read_plan(export), journal.header
    for made, want, one, other in (
        (metrics.dataset_sha256, dataset.sha256, run, data),
        (metrics.weights_sha256, of["weights"], run / METRICS, run / WEIGHTS),
        (manifest.chain.dataset, dataset.sha256, export, data),
        (manifest.chain.weights, of["weights"], export, run),
        (manifest.chain.onnx, of["ONNX"], export / MODEL, export / ONNX),
        (plan.model_sha256, manifest.chain.tflite, export / PLAN, export / MODEL),
        (build.sources[source], of["generated C"], firmware, export / source),
        (build.model, manifest.chain.tflite, firmware, export),
        (header.dataset_sha256, dataset.sha256, bench, data),
        (header.manifest_sha256, sha256_file(export / MANIFEST), bench, export),
        (header.model_sha256, manifest.chain.tflite, bench, export / MODEL),
        (header.build_id, build.build_id, bench, firmware),
        (figures.journal_sha256, journal.sha256, bench / BENCH, bench / journals.FILE),
    ):
        _same(made, want, one, other)
    if baseline:
        _same(_metrics(baseline).dataset_sha256, dataset.sha256, baseline, data)
    return Artefacts(dataset, run, metrics, baseline, export, manifest, firmware, build, figures, journal, plan, chain)


def _metrics(run: Path) -> RunMetrics:
    return read_model(RunMetrics, run / METRICS, "tinydf train RECIPE --data D --out RUN")


def _same(made_from: str | None, want: str, one: Path, other: Path) -> None:
    if made_from != want:
        raise TinydfError(f"{one} was not made from {other}", "a report is of one run; give what belongs together")


def _hash(path: Path) -> str:
    if not path.is_file():
        raise TinydfError(f"{path} does not exist", "make it anew")
    return sha256_file(path)

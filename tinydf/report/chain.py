# SPDX-License-Identifier: Apache-2.0
"""The hash chain from data set to bench: each artefact names what it came from, and all must be of one run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tinydf.artefacts.build import ELF, Build, read_build
from tinydf.artefacts.manifest import FILE as MANIFEST
from tinydf.artefacts.manifest import MODEL, Manifest, read_export
from tinydf.artefacts.plan import FILE as PLAN
from tinydf.artefacts.plan import Plan, read_plan
from tinydf.artefacts.run import METRICS, WEIGHTS, Metrics, read_metrics
from tinydf.bench import journal as journals
from tinydf.bench.journal import Contents
from tinydf.bench.run import FILE as BENCH
from tinydf.bench.summary import Bench
from tinydf.data.dataset import FILE as DATASET
from tinydf.data.dataset import Dataset
from tinydf.errors import TinydfError
from tinydf.files import read_record, sha256_file

ONNX = "model.onnx"
SOURCES = {"aot": "model_aot.c", "tflm": "model_data.cc"}


class HashedFile(BaseModel):
    """One artefact of the chain."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Artefacts:
    """What a report is about, all of one run. Only the export must be there; what is not is None."""

    export: Path
    manifest: Manifest
    plan: Plan
    dataset: Dataset | None
    run: Path | None
    metrics: Metrics | None
    baseline: Path | None
    build: Build | None
    bench: Bench | None
    journal: Contents | None
    chain: list[HashedFile]


def read(
    data: Path | None,
    run: Path | None,
    export: Path,
    firmware: Path | None,
    bench: Path | None,
    baseline: Path | None = None,
) -> Artefacts:
    """Read artefacts, and check that each was made from the one before it, as far as both are there.

    Without a run, the data set is what the board was measured on, and the export may have been made on another.

    Raises:
        TinydfError: if one is missing or damaged, or does not belong to the others; it names the two that do not fit.
    """
    manifest = read_export(export)
    dataset = Dataset(data) if data else None
    metrics = read_metrics(run) if run else None
    build = read_build(firmware) if firmware else None
    figures = read_record(Bench, bench / BENCH, "tinydf bench") if bench else None
    journal = journals.read(bench / journals.FILE) if bench else None
    chain = list(_links(dataset, run, export, manifest, build, journal))
    of = {link.what: link.sha256 for link in chain}
    plan = read_plan(export)
    checks: list[tuple[str | None, str, Path, Path]] = []
    if run and metrics:
        if data and dataset:
            checks.append((metrics.dataset_sha256, dataset.sha256, run, data))
        checks.append((metrics.weights_sha256, of["weights"], run / METRICS, run / WEIGHTS))
    if data and dataset and (run or not bench):
        checks.append((manifest.chain.dataset, dataset.sha256, export, data))
    if run:
        checks.append((manifest.chain.weights, of["weights"], export, run))
    if "ONNX" in of:
        checks.append((manifest.chain.onnx, of["ONNX"], export / MODEL, export / ONNX))
    checks.append((plan.model_sha256, manifest.chain.tflite, export / PLAN, export / MODEL))
    if firmware and build:
        source = SOURCES[build.engine]
        checks.append((build.sources[source], of["generated C"], firmware, export / source))
        checks.append((build.model, manifest.chain.tflite, firmware, export))
    if bench and figures and journal:
        header = journal.header
        if data and dataset:
            checks.append((header.dataset_sha256, dataset.sha256, bench, data))
        checks.append((header.manifest_sha256, sha256_file(export / MANIFEST), bench, export))
        checks.append((header.model_sha256, manifest.chain.tflite, bench, export / MODEL))
        if firmware and build:
            checks.append((header.build_id, build.build_id, bench, firmware))
        checks.append((figures.journal_sha256, journal.sha256, bench / BENCH, bench / journals.FILE))
    if baseline:
        if data is None or dataset is None:
            raise TinydfError(f"{baseline} is compared on the data set", "give it with --data")
        checks.append((read_metrics(baseline).dataset_sha256, dataset.sha256, baseline, data))
    for made, want, one, other in checks:
        _same(made, want, one, other)
    return Artefacts(export, manifest, plan, dataset, run, metrics, baseline, build, figures, journal, chain)


def _links(
    dataset: Dataset | None,
    run: Path | None,
    export: Path,
    manifest: Manifest,
    build: Build | None,
    journal: Contents | None,
) -> Iterator[HashedFile]:
    """The artefacts in the order in which they were made."""
    if dataset and run:
        yield HashedFile(what="data set", file=DATASET, sha256=dataset.sha256)
    if run:
        yield HashedFile(what="weights", file=WEIGHTS, sha256=_hash(run / WEIGHTS))
    if run or (export / ONNX).is_file():
        yield HashedFile(what="ONNX", file=ONNX, sha256=_hash(export / ONNX))
    yield HashedFile(what="int8 TFLite", file=MODEL, sha256=manifest.chain.tflite)
    source = SOURCES[build.engine if build else "aot"]
    yield HashedFile(what="generated C", file=source, sha256=_hash(export / source))
    if build and build.tflm:
        yield HashedFile(what="TFLM library", file=build.tflm.name, sha256=build.tflm.sha256)
    if build:
        yield HashedFile(what="firmware image", file=ELF, sha256=build.elf_sha256)
    if dataset and not run:
        yield HashedFile(what="images", file=DATASET, sha256=dataset.sha256)
    if journal:
        yield HashedFile(what="answers of the board", file=journals.FILE, sha256=journal.sha256)


def _same(made_from: str | None, want: str, one: Path, other: Path) -> None:
    if made_from != want:
        hint = "a report is of one run; give what belongs together, or see `tinydf status` for what is stale"
        raise TinydfError(f"{one} was not made from {other}", hint)


def _hash(path: Path) -> str:
    if not path.is_file():
        raise TinydfError(f"{path} does not exist", "make it again")
    return sha256_file(path)

# SPDX-License-Identifier: Apache-2.0
"""A report in a workspace: the part of the chain that is there and belongs to the export."""

import logging
from pathlib import Path
from typing import NamedTuple

from tinydf import published
from tinydf.artefacts.build import read_build
from tinydf.artefacts.manifest import Manifest, read_export
from tinydf.artefacts.run import METRICS
from tinydf.bench import journal as journals
from tinydf.boards import board as boards
from tinydf.boards.build import compile_engine
from tinydf.data.dataset import FILE as DATASET
from tinydf.errors import TinydfError
from tinydf.files import sha256_file
from tinydf.workspace import Workspace
from tinydf.workspace.status import look, look_at_firmware

logger = logging.getLogger(__name__)


class Places(NamedTuple):
    """The directories that a report reads, in the order in which `chain.read` takes them."""

    data: Path | None
    run: Path | None
    export: Path
    firmware: Path | None
    bench: Path | None


def find(
    workspace: Workspace,
    data: Path | None = None,
    run: Path | None = None,
    export: Path | None = None,
    firmware: Path | None = None,
    bench: Path | None = None,
) -> Places:
    """What a report is made of, and says so in one line; what is given wins, and what is not there is left out.

    A bench that is there must be of the export and of the board's firmware, or the report is refused: leaving it out
    would hide that it is stale. A run is left out where the export is a published or brought model.

    Raises:
        TinydfError: if there is no export, or something that is taken by default is damaged.
    """
    took = [] if export else [str(look(workspace, "export"))]
    export = export or workspace.export
    manifest = read_export(export)
    if bench is None and (workspace.bench / journals.FILE).is_file():
        found = look(workspace, "bench")
        bench = workspace.bench if found.finished else None
        took.append(str(found) if bench else f"{workspace.bench} is unfinished and left out")
    header = journals.read(bench / journals.FILE).header if bench else None
    if firmware is None:
        firmware = _firmware(workspace, manifest, header)
        if firmware:
            _compile_for(firmware, export, manifest)
            took.append(str(look_at_firmware(workspace, firmware)))
    if run is None and (workspace.run / METRICS).is_file() and not _finished_model(manifest):
        run = workspace.run
        took.append(str(look(workspace, "run")))
    if data is None:
        wanted = header.dataset_sha256 if header else manifest.chain.dataset
        data = next((one for one in (workspace.data, workspace.test_set) if _sha256(one) == wanted), None)
        took += [f"data {data}"] if data else []
    if took:
        logger.info("%s", "; ".join(took))
    return Places(data, run, export, firmware, bench)


def _firmware(workspace: Workspace, manifest: Manifest, header: journals.Header | None) -> Path | None:
    """The firmware that was benched, or another build for that board; without a bench, the last one of the model."""
    if header:
        there = workspace.firmware(header.board)
        return there if there in workspace.firmwares() else None
    of_model = []
    for directory in workspace.firmwares():
        try:
            if read_build(directory).model == manifest.chain.tflite:
                of_model.append(directory)
        except TinydfError as error:
            logger.info("left out: %s", error.what)
    return max(of_model, key=lambda one: one.stat().st_mtime, default=None)


def _compile_for(firmware: Path, export: Path, manifest: Manifest) -> None:
    """An export's C is for one core at a time: let it be that of this firmware, if another board was built since."""
    built = read_build(firmware)
    if built.engine == "aot" and built.model == manifest.chain.tflite:
        compile_engine(export, manifest, boards.load(built.board))


def _finished_model(manifest: Manifest) -> bool:
    """Whether an export was not made from a run here."""
    return manifest.chain.weights is None or published.find(manifest.chain.tflite) is not None


def _sha256(data: Path) -> str | None:
    return sha256_file(data / DATASET) if (data / DATASET).is_file() else None

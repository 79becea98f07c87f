# SPDX-License-Identifier: Apache-2.0
"""Exporting what a workspace has, into its place there."""

import logging
from collections.abc import Sequence
from pathlib import Path

from tinydf import published
from tinydf.artefacts.manifest import FILE, Manifest
from tinydf.artefacts.parity import Calibration
from tinydf.export.run import export_run
from tinydf.workspace import Workspace

logger = logging.getLogger(__name__)


def export_here(
    workspace: Workspace,
    source: Path | None = None,
    data: Path | None = None,
    out: Path | None = None,
    calibration: Sequence[Calibration] = (),
) -> Manifest:
    """Export what a workspace has, into its place there; says in one line what that is.

    Args:
        workspace: gives what is not given: the run, or the published detector where there is none; the data set.
        source: as of `export_run`, or the name of a published detector.
        data: as of `export_run`.
        out: as of `export_run`.
        calibration: as of `export_run`.

    Raises:
        TinydfError: as `export_run`.
    """
    found = source or workspace.source()
    if not found.exists() and str(found) in published.names():
        found = published.model(str(found))
    if found.suffix == ".tflite":
        if source is None:
            logger.info("no run in %s: taking the published detector %s", workspace.run, found.parent.name)
    elif found.is_dir():
        found, data = workspace.take(run=source, data=data)
    elif found.suffix == ".onnx":
        (data,) = workspace.take(data=data)
    return export_run(found, data, out or workspace.export, calibration)


def ensure_export(workspace: Workspace) -> Path:
    """The workspace's export; where there is none, what it has is exported first.

    Raises:
        TinydfError: as `export_run`.
    """
    if not (workspace.export / FILE).is_file():
        export_here(workspace)
    return workspace.export

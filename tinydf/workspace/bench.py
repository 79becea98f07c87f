# SPDX-License-Identifier: Apache-2.0
"""A bench in a workspace: what is not given is told by the board's HELLO, and by what earlier stages left."""

import logging
from collections.abc import Sequence
from pathlib import Path

from tinydf import published
from tinydf.artefacts.build import read_build
from tinydf.artefacts.manifest import FILE as MANIFEST
from tinydf.artefacts.manifest import Manifest, read_export
from tinydf.bench.run import bench
from tinydf.bench.summary import Bench
from tinydf.data.builtin import materialise
from tinydf.data.dataset import FILE as DATASET
from tinydf.data.dataset import Dataset, Split
from tinydf.errors import TinydfError
from tinydf.files import sha256_file
from tinydf.link.ports import connect
from tinydf.link.wire import HelloAnswer
from tinydf.workspace import Workspace
from tinydf.workspace.status import look, look_at_firmware

logger = logging.getLogger(__name__)


def bench_here(
    workspace: Workspace,
    ports: Sequence[str],
    data: Path | None = None,
    export: Path | None = None,
    firmware: Path | None = None,
    out: Path | None = None,
    *,
    board: str | None = None,
    baud: int | None = None,
    split: Split = "test",
    platforms: Sequence[str] = (),
    limit: int | None = None,
    resume: bool = False,
) -> Bench:
    """Measure the model that a board runs, and say in one line what was taken for that.

    Args:
        workspace: gives what is not given.
        ports: as of `bench`.
        data: the workspace's, if the export was made on it, else the built-in test set.
        export: the workspace's, which must be of the board's model.
        firmware: the one of the workspace with the board's build id; without one there are no sizes.
        out: the workspace's place, where an unfinished bench of the same is resumed, and any other set aside.
        board: as of `bench`.
        baud: as of `bench`.
        split: as of `bench`.
        platforms: as of `bench`.
        limit: as of `bench`.
        resume: as of `bench`.

    Raises:
        TinydfError: as `bench`, or if the workspace has no export of the board's model.
    """
    with connect(ports[0], board, baud, logger.info) as line:
        hello, ports = line.greeting(), [line.port, *ports[1:]]
    took = []
    if export is None:
        export = _export_of(workspace, line.port, hello)
        took.append(str(look(workspace, "export")))
    if data is None:
        data, said = images_for(workspace, read_export(export))
        took.append(said)
    if firmware is None:
        firmware = _firmware_of(workspace, hello)
        absent = f"no firmware here is build {hello.build_id[:12]}, so no sizes of it"
        took.append(str(look_at_firmware(workspace, firmware)) if firmware else absent)
    if took:
        logger.info("%s", "; ".join(took))
    return bench(
        ports,
        data,
        export,
        out or workspace.bench,
        board=board,
        baud=baud,
        firmware=firmware,
        split=split,
        platforms=platforms,
        limit=limit,
        resume=resume,
        set_aside=out is None and not resume,
    )


def places(workspace: Workspace, export: Path | None = None, data: Path | None = None) -> tuple[Path, Path]:
    """The export and the images that `tinydf simulate` takes, without a board to ask; says in one line what they are.

    Raises:
        TinydfError: if what is taken by default is missing or damaged.
    """
    took = [] if export else [str(look(workspace, "export"))]
    export = export or workspace.export
    if data is None:
        data, said = images_for(workspace, read_export(export))
        took.append(said)
    if took:
        logger.info("%s", "; ".join(took))
    return export, data


def images_for(workspace: Workspace, manifest: Manifest) -> tuple[Path, str]:
    """The data set to judge an export by, and what it is: the one it was made on, or the one that comes with tinydf.

    Raises:
        TinydfError: if the workspace's data set is damaged.
    """
    why = ""
    if (workspace.data / DATASET).is_file():
        found = look(workspace, "data")
        if sha256_file(workspace.data / DATASET) == manifest.chain.dataset:
            return workspace.data, str(found)
        why = f"{workspace.data} is not the data set that {manifest.name} was made on, so "
    place = materialise(workspace.test_set)
    images = sum(shard.count for shard in Dataset(place).info.shards)
    return place, f"{why}data {place}: the built-in test set, {images:,} images"


def _export_of(workspace: Workspace, port: str, hello: HelloAnswer) -> Path:
    """The workspace's export, if it is of the board's model; a published detector that the board runs is packaged."""
    place, model = workspace.export, hello.model_sha256.hex()
    known = published.find(model)
    runs = f"{port}: the board runs {f'the published {known}' if known else f'model {model[:16]}'}"
    if not (place / MANIFEST).is_file():
        if known is None:
            raise TinydfError(f"{runs}, and there is no export in {place}", "give the one of this model with --export")
        from tinydf.export.run import export_run

        export_run(published.model(known), None, place)
    manifest = read_export(place)
    if manifest.chain.tflite != model:
        raise TinydfError(
            f"{runs}, {place} is {manifest.name}, model {manifest.chain.tflite[:16]}",
            f"flash that with `tinydf flash --board {hello.board}`, or give the board's with --export",
        )
    return place


def _firmware_of(workspace: Workspace, hello: HelloAnswer) -> Path | None:
    """The firmware in the workspace that the board runs."""
    for directory in workspace.firmwares():
        try:
            if read_build(directory).build_id == hello.build_id:
                return directory
        except TinydfError as error:
            logger.info("left out: %s", error.what)
    return None

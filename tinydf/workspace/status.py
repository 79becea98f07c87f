# SPDX-License-Identifier: Apache-2.0
"""What a workspace holds: each stage's artefact, whose it is, whether it is stale, and what comes next."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from tinydf import published
from tinydf.artefacts.manifest import FILE as MANIFEST
from tinydf.artefacts.manifest import read_export
from tinydf.artefacts.run import CHECKPOINT, METRICS, WEIGHTS, read_metrics, read_name
from tinydf.errors import TinydfError
from tinydf.files import read_record, sha256_file
from tinydf.workspace import Workspace

if TYPE_CHECKING:
    from tinydf.bench.journal import Header
    from tinydf.bench.summary import Bench

State = Literal["missing", "ready", "stale", "unfinished", "damaged"]
BOARD = "nucleo-h743"
"""What to flash where nothing has been flashed yet."""


@dataclass(frozen=True)
class Found:
    """An artefact that is there.

    Attributes:
        stage: that made it.
        path: where it is.
        what: it is, in a few words.
        made: when, in local time.
        source: what it was made from, in words; empty where that is not known.
        stale: why it is not what the stage would make now; empty if it is.
        finished: whether the stage came to its end.
    """

    stage: str
    path: Path
    what: str
    made: datetime
    source: str = ""
    stale: str = ""
    finished: bool = True

    def __str__(self) -> str:
        source = f" {self.source}" if self.source else ""
        stale = f" (stale: {self.stale})" if self.stale else ""
        return f"{self.stage} {self.path}: {self.what}, made {clock(self.made)}{source}{stale}"


class Row(BaseModel):
    """A stage of the workspace."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str
    path: str
    state: State
    what: str = ""
    made: str | None = None
    source: str = ""
    why: str = ""


class Status(BaseModel):
    """A workspace; `next` is the command to type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: str
    stages: list[Row]
    next: str


def survey(workspace: Workspace) -> Status:
    """Look at all stages of a workspace, in their order; what is damaged is told, not raised.

    Raises:
        TinydfError: if there is no such directory.
    """
    if not workspace.root.is_dir():
        raise TinydfError(f"{workspace.root} is not a directory", "give the one that you work in with --workspace")
    rows = list(_rows(workspace))
    return Status(workspace=str(workspace.root.absolute()), stages=rows, next=_next(workspace, rows))


def clock(made: datetime) -> str:
    """A time as short as it is clear: today's without the date."""
    return made.strftime("%H:%M" if made.date() == datetime.now().date() else "%Y-%m-%d %H:%M")


def look(workspace: Workspace, stage: str) -> Found:
    """Look at a stage's artefact in a workspace.

    Raises:
        TinydfError: if it is missing or damaged.
    """
    return LOOKS[stage](workspace)


def look_at_data(workspace: Workspace) -> Found:
    """The data set; raises as `look` does."""
    from tinydf.data.dataset import FILE, Dataset

    dataset = Dataset(workspace.data)
    images = sum(shard.count for shard in dataset.info.shards)
    return Found("data", workspace.data, f"{dataset.info.name}, {images:,} images", _made(workspace.data / FILE))


def look_at_run(workspace: Workspace) -> Found:
    """The trained detector; raises as `look` does."""
    place = workspace.run
    metrics, name = read_metrics(place), read_name(place)
    if not (place / WEIGHTS).is_file() or sha256_file(place / WEIGHTS) != metrics.weights_sha256:
        raise TinydfError(f"{place / WEIGHTS} is missing or not of this run", "train again")
    source, stale = _data_of(workspace, metrics.dataset_sha256)
    return Found("run", place, f"{name}, {metrics.epochs} epochs", _made(place / METRICS), source, stale)


def look_at_export(workspace: Workspace) -> Found:
    """The export; raises as `look` does."""
    place = workspace.export
    manifest = read_export(place)
    known, weights, here = published.find(manifest.chain.tflite), manifest.chain.weights, _weights(workspace)
    stale = ""
    if here is not None and here == weights:
        source = f"from {workspace.run}"
    elif known:
        source = "from the published detector" if known == manifest.name else f"from the published {known}"
    elif weights is None:
        source = "from a model that was brought"
    else:
        source = f"from weights {weights[:12]}"
        stale = f"{workspace.run} has others" if here else ""
    return Found("export", place, f"{manifest.name}, int8", _made(place / MANIFEST), source, stale)


def look_at_firmware(workspace: Workspace, directory: Path, export: Path | None = None) -> Found:
    """A board's firmware.

    Args:
        workspace: where it is.
        directory: the firmware's.
        export: what it is held against; the one that it came from, or the workspace's, if None.

    Raises:
        TinydfError: if it is missing or damaged.
    """
    from tinydf.artefacts.build import FILE, read_build
    from tinydf.boards.build import is_current, origin

    made = read_build(directory)
    what = f"{made.board}, {made.engine}, build {made.build_id[:12]}, {made.flash_bytes:,} bytes of flash"
    export = export or origin(directory, made) or workspace.export
    source = stale = ""
    if (export / MANIFEST).is_file():
        if read_export(export).chain.tflite == made.model:
            source = f"from {export}"
            stale = "" if is_current(made, export) else "what it was built from has changed"
        else:
            source, stale = f"from model {made.model[:12]}", f"{export} has another"
    return Found("firmware", directory, what, _made(directory / FILE), source, stale)


def look_at_bench(workspace: Workspace) -> Found:
    """The bench; raises as `look` does."""
    from tinydf.bench import journal as journals
    from tinydf.bench.run import FILE
    from tinydf.bench.summary import Bench

    place = workspace.bench
    journal = journals.read(place / journals.FILE)
    header = journal.header
    what = f"{header.board}, {header.engine}, {len(journal.answers):,} images"
    if journal.finished:
        figures = read_record(Bench, place / FILE, journals.MADE_BY)
        if figures.journal_sha256 != journal.sha256:
            raise TinydfError(f"{place / FILE} is not of {place / journals.FILE}", "run `tinydf bench` again")
        what += f", {figures.mismatches} mismatches{_accuracy(figures)}"
    source, stale = _bench_sources(workspace, header)
    return Found("bench", place, what, _made(place / journals.FILE), source, stale, journal.finished)


def look_at_report(workspace: Workspace) -> Found:
    """The page; it names the hashes of what it is about. Raises as `look` does."""
    path = workspace.report
    try:
        page = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TinydfError(f"{path} cannot be read ({error})", "write it with `tinydf report`") from None
    stale = "; ".join(f"{place} has changed" for place, sha256 in _reported(workspace) if sha256 not in page)
    return Found("report", path, f"{len(page):,} bytes", _made(path), "", stale)


LOOKS: dict[str, Callable[[Workspace], Found]] = {
    "data": look_at_data,
    "run": look_at_run,
    "export": look_at_export,
    "bench": look_at_bench,
    "report": look_at_report,
}


def _rows(workspace: Workspace) -> Iterator[Row]:
    yield _row("data", workspace.data, lambda: look_at_data(workspace))
    yield _row("run", workspace.run, lambda: look_at_run(workspace))
    export = _row("export", workspace.export, lambda: look_at_export(workspace))
    serves = export.state == "missing" and not workspace.run.exists()
    why = f"the published {published.DEFAULT} serves"
    yield export.model_copy(update={"why": why}) if serves else export
    firmwares = workspace.firmwares()
    for one in firmwares:
        yield _row("firmware", one, lambda one=one: look_at_firmware(workspace, one))  # type: ignore[misc]
    if not firmwares:
        yield Row(stage="firmware", path=str(workspace.firmware("BOARD")), state="missing")
    yield _row("bench", workspace.bench, lambda: look_at_bench(workspace))
    yield _row("report", workspace.report, lambda: look_at_report(workspace))


def _row(stage: str, path: Path, look: Callable[[], Found]) -> Row:
    if not path.exists():
        return Row(stage=stage, path=str(path), state="missing")
    if stage == "run" and (path / CHECKPOINT).is_file() and not (path / METRICS).is_file():
        return Row(stage=stage, path=str(path), state="unfinished", why="the training was interrupted")
    try:
        found = look()
    except (TinydfError, OSError) as error:
        return Row(stage=stage, path=str(path), state="damaged", why=str(error))
    state: State = "unfinished" if not found.finished else "stale" if found.stale else "ready"
    made = found.made.isoformat(timespec="seconds")
    return Row(
        stage=stage, path=str(path), state=state, what=found.what, made=made, source=found.source, why=found.stale
    )


def _next(workspace: Workspace, rows: list[Row]) -> str:
    """The command for the first stage that has something to do; empty if there is none."""
    here = "" if workspace.root == Path() else f" --workspace {shlex.quote(str(workspace.root))}"
    commands = {
        "data": "data demo",
        "run": "train --resume" if any(_is(row, "run", "unfinished") for row in rows) else "train --force",
        "export": "export --int8",
        "bench": "bench",
        "report": "report",
    }
    ready = [row.path for row in rows if _is(row, "firmware", "ready")]
    for row in rows:
        may_lack = row.state == "missing" and row.stage in ("data", "run")
        other_board = row.stage == "firmware" and ready
        if row.state == "ready" or may_lack or other_board:
            continue
        board = BOARD if row.state == "missing" else Path(row.path).name
        command = commands.get(row.stage, f"flash --board {board}")
        return f"tinydf{here} {command}"
    return ""


def _is(row: Row, stage: str, state: State) -> bool:
    return (row.stage, row.state) == (stage, state)


def _data_of(workspace: Workspace, sha256: str) -> tuple[str, str]:
    """Where something was made on a data set: that it was this workspace's, or that this is another one."""
    from tinydf.data.dataset import FILE

    path = workspace.data / FILE
    if path.is_file() and sha256_file(path) == sha256:
        return f"on {workspace.data}", ""
    return f"on data set {sha256[:12]}", f"{workspace.data} is another one" if path.is_file() else ""


def _weights(workspace: Workspace) -> str | None:
    """SHA-256 of the run's weights, by its own word; None if there is no finished run."""
    try:
        return read_metrics(workspace.run).weights_sha256
    except TinydfError:
        return None


def _accuracy(figures: "Bench") -> str:
    """The balanced accuracy of the first platform, which is pre-social where it was measured."""
    platform, seen = next(iter(figures.accuracy.seen.items()))
    rate = seen.balanced_accuracy
    return "" if rate is None else f", balanced accuracy {rate:.3f} {platform}"


def _bench_sources(workspace: Workspace, header: "Header") -> tuple[str, str]:
    """What a bench was of, and what of that has changed since."""
    from tinydf.data.dataset import FILE

    source, stale = f"of model {header.model_sha256[:12]}", []
    manifest = workspace.export / MANIFEST
    if manifest.is_file() and sha256_file(manifest) == header.manifest_sha256:
        source = f"of {workspace.export}"
    elif manifest.is_file():
        stale.append(f"{workspace.export} is another one")
    built = _build_id(workspace.firmware(header.board))
    if built and built != header.build_id:
        stale.append(f"{workspace.firmware(header.board)} has been built again")
    for place in (workspace.data, workspace.test_set):
        if (place / FILE).is_file() and sha256_file(place / FILE) == header.dataset_sha256:
            return f"{source} on {place}", "; ".join(stale)
    return f"{source} on data set {header.dataset_sha256[:12]}", "; ".join(stale)


def _build_id(firmware: Path) -> str | None:
    from tinydf.artefacts.build import read_build

    try:
        return read_build(firmware).build_id
    except TinydfError:
        return None


def _reported(workspace: Workspace) -> Iterator[tuple[Path, str]]:
    """What a page would be about: places, and the hashes that it would name."""
    from tinydf.bench import journal as journals

    try:
        yield workspace.export, read_export(workspace.export).chain.tflite
        yield workspace.bench, journals.read(workspace.bench / journals.FILE).sha256
    except TinydfError:
        return


def _made(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime)

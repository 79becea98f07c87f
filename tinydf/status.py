"""What a workspace holds: each stage's artefact, whose it is, and whether what it was made from has changed since."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tinydf import published
from tinydf.errors import TinydfError
from tinydf.files import sha256_file
from tinydf.manifest import FILE as MANIFEST
from tinydf.manifest import read_export
from tinydf.train.record import METRICS, WEIGHTS, read_metrics, read_name
from tinydf.workspace import Workspace


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
    """

    stage: str
    path: Path
    what: str
    made: datetime
    source: str = ""
    stale: str = ""

    def __str__(self) -> str:
        source = f" {self.source}" if self.source else ""
        stale = f" (stale: {self.stale})" if self.stale else ""
        return f"{self.stage} {self.path}: {self.what}, made {clock(self.made)}{source}{stale}"


def clock(made: datetime) -> str:
    """A time as short as it is clear: today's without the date."""
    return made.strftime("%H:%M" if made.date() == datetime.now().date() else "%Y-%m-%d %H:%M")


def look(workspace: Workspace, stage: str) -> Found:
    """Look at a stage's artefact in a workspace.

    Raises:
        TinydfError: if it is missing or damaged.
    """
    return {"data": data_set, "run": run, "export": export}[stage](workspace)


def data_set(workspace: Workspace) -> Found:
    """The data set; raises as `look` does."""
    from tinydf.data.dataset import FILE, Dataset

    dataset = Dataset(workspace.data)
    images = sum(shard.count for shard in dataset.info.shards)
    return Found("data", workspace.data, f"{dataset.info.name}, {images:,} images", _made(workspace.data / FILE))


def run(workspace: Workspace) -> Found:
    """The trained detector; raises as `look` does."""
    place = workspace.run
    metrics, name = read_metrics(place), read_name(place)
    if not (place / WEIGHTS).is_file() or sha256_file(place / WEIGHTS) != metrics.weights_sha256:
        raise TinydfError(f"{place / WEIGHTS} is missing or not of this run", "train again")
    source, stale = _data_of(workspace, metrics.dataset_sha256)
    return Found("run", place, f"{name}, {metrics.epochs} epochs", _made(place / METRICS), source, stale)


def export(workspace: Workspace) -> Found:
    """The export; raises as `look` does."""
    place = workspace.export
    manifest = read_export(place)
    known, weights = published.find(manifest.chain.tflite), manifest.chain.weights
    stale = ""
    if known:
        source = "from the published detector" if known == manifest.name else f"from the published {known}"
    elif weights is None:
        source = "from a model that was brought"
    elif _weights(workspace) == weights:
        source = f"from {workspace.run}"
    else:
        source = f"from weights {weights[:12]}"
        stale = f"{workspace.run} has others" if _weights(workspace) else ""
    return Found("export", place, f"{manifest.name}, int8", _made(place / MANIFEST), source, stale)


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


def _made(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime)

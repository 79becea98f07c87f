# SPDX-License-Identifier: Apache-2.0
"""The workspace: one directory below which every stage leaves its artefact and finds the one it needs."""

import logging
from dataclasses import dataclass
from pathlib import Path

from tinydf import published
from tinydf.artefacts.manifest import MODEL

logger = logging.getLogger(__name__)

BUILD = "build"
FIRMWARE = "build.json"


@dataclass(frozen=True)
class Workspace:
    """Places by default; an explicit path on the command line always wins.

    Attributes:
        root: the directory; the current one, or that of `--workspace` or `TINYDF_WORKSPACE`.
    """

    root: Path = Path()

    @property
    def data(self) -> Path:
        """The data set."""
        return self.root / BUILD / "data"

    @property
    def test_set(self) -> Path:
        """The small test set that comes with tinydf, once it was needed."""
        return self.root / BUILD / "builtin"

    @property
    def pretrained(self) -> Path:
        """A pre-training."""
        return self.root / BUILD / "pretrained"

    @property
    def run(self) -> Path:
        """The trained detector."""
        return self.root / BUILD / "run"

    @property
    def export(self) -> Path:
        """The export."""
        return self.root / BUILD / "export"

    @property
    def c(self) -> Path:
        """C sources of `tinydf compile`."""
        return self.root / BUILD / "c"

    def package(self, form: str) -> Path:
        """A package of one form."""
        return self.root / BUILD / "package" / form

    @property
    def bench(self) -> Path:
        """The last bench."""
        return self.root / BUILD / "bench"

    @property
    def demo(self) -> Path:
        """What `tinydf demo` makes."""
        return self.root / BUILD / "demo"

    @property
    def report(self) -> Path:
        """The page."""
        return self.root / "report.html"

    def firmware(self, board: str) -> Path:
        """A board's firmware."""
        return self.root / BUILD / "firmware" / board

    def firmwares(self) -> list[Path]:
        """The directories of all firmware there is, by name of the board."""
        return sorted(path.parent for path in (self.root / BUILD / "firmware").glob(f"*/{FIRMWARE}"))

    def source(self) -> Path:
        """What is exported where nothing is said: the run, or the published detector where there is none."""
        return self.run if self.run.exists() else published.model(published.DEFAULT)

    def model(self) -> Path:
        """The model.tflite of the export, for commands that take any model; says whose it is.

        Raises:
            TinydfError: if there is no export, or it is damaged.
        """
        (export,) = self.take(export=None)
        return export / MODEL

    def take(self, **given: Path | None) -> tuple[Path, ...]:
        """The places of stages, each as it was given or by default; says in one line what was taken by default.

        Args:
            given: name of a stage -> the path on the command line.

        Raises:
            TinydfError: if what is taken by default is missing or damaged.
        """
        from tinydf.workspace.status import look

        defaults = [str(look(self, stage)) for stage, path in given.items() if path is None]
        if defaults:
            logger.info("%s", "; ".join(defaults))
        return tuple(path or getattr(self, stage) for stage, path in given.items())

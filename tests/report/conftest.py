# SPDX-License-Identifier: Apache-2.0
"""A whole run in small, on the real firmware as a process of the host."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.posix import switched_on
from tests.once import made_once
from tinydf.bench.run import bench
from tinydf.report import chain
from tinydf.report.chain import Artefacts
from tinydf.report.facts import Facts, gather


@dataclass(frozen=True)
class Places:
    """The directories that a report reads."""

    data: Path
    run: Path
    export: Path
    firmware: Path
    bench: Path

    def read(self, baseline: Path | None = None) -> Artefacts:
        """Read them, and check that they belong together."""
        return chain.read(self.data, self.run, self.export, self.firmware, self.bench, baseline)

    def options(self) -> list[str]:
        """As `tinydf report` takes them."""
        return [part for name, path in vars(self).items() for part in (f"--{name}", str(path))]

    def copy(self, to: Path) -> "Places":
        """A copy, to be spoilt."""
        for name, path in vars(self).items():
            shutil.copytree(path, to / name, ignore=shutil.ignore_patterns("cmake", "log"))
        return Places(**{name: to / name for name in vars(self)})


@pytest.fixture(scope="session")
def places(
    tiny_data: Path, tiny_run: Path, tiny_export: Path, tiny_firmware: Path, tmp_path_factory: pytest.TempPathFactory
) -> Places:
    """Everything that a report of the small run is made from."""

    def make(base: Path) -> None:
        with switched_on(tiny_firmware, base / "tty") as board:
            bench([board.port], tiny_data, tiny_export, base / "bench", firmware=tiny_firmware)

    benched = made_once(tmp_path_factory, "report", make) / "bench"
    return Places(tiny_data, tiny_run, tiny_export, tiny_firmware, benched)


@pytest.fixture(scope="session")
def artefacts(places: Places) -> Artefacts:
    """Read and checked; the run itself stands in for one that was trained without augmentation."""
    return places.read(baseline=places.run)


@pytest.fixture(scope="session")
def facts(artefacts: Artefacts) -> Facts:
    """What the page says."""
    return gather(artefacts)

# SPDX-License-Identifier: Apache-2.0
"""All seven stages one after another, on the embedded data set and an emulated board.

Every artefact is complete or absent and knows what it came from: a demo that was interrupted resumes where it stopped,
and what has changed since is made again, with all that follows from it.
"""

import logging
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import Any

from tinydf.data.dataset import FILE as DATASET
from tinydf.errors import TinydfError
from tinydf.files import sha256_file, write_json
from tinydf.published import DEFAULT

logger = logging.getLogger(__name__)

BOARD = "nucleo-h743"


@dataclass(frozen=True)
class Demo:
    """What to run, and where it goes.

    Attributes:
        out: the directory of all artefacts.
        board: a board with an emulator.
        recipe: path or name of the detector's recipe.
        data: a data set that is there already; None for the embedded one, which is built first.
        limit: bench no more than so many images; None for the whole test split.
    """

    out: Path
    board: str = BOARD
    recipe: str = DEFAULT
    data: Path | None = None
    limit: int | None = None

    def run(self) -> tuple[Path, dict[str, Any]]:
        """Run what is not there yet; gives the path of the report, and its summary.

        Raises:
            TinydfError: by the first stage that fails. What the stages before it made stays.
        """
        with _stage("data set"):
            data = self.data or self._data()
        with _stage("two detectors, trained side by side: with compression augmentation, and without to compare with"):
            self._train(data)
        with _stage("export"):
            self._export(data)
        with _stage("firmware"):
            self._build()
        with _stage("bench on the emulated board"):
            self._bench(data)
        with _stage("report"):
            return self._report(data)

    def _data(self) -> Path:
        from tinydf.data.demo import build

        directory = self.out / "data"
        if not (directory / DATASET).is_file():
            build(directory)
        return directory

    def _train(self, data: Path) -> None:
        """Both at once, on half of the cores each: so small a network gains little from more."""
        threads, log = max(1, (os.cpu_count() or 1) // 2), self.out / "baseline.log"
        arguments = (log, self.recipe, data, self.out / "baseline", False, threads)
        baseline = get_context("spawn").Process(target=_train_quietly, args=arguments)
        baseline.start()
        try:
            _train(self.recipe, data, self.out / "run", True, threads)
            baseline.join()
        finally:
            if baseline.is_alive() and baseline.pid:
                os.kill(baseline.pid, signal.SIGINT)  # as Ctrl-C would: it cleans up, and can go on another time
            baseline.join()
        if baseline.exitcode:
            raise TinydfError("the detector without augmentation could not be trained", f"the reason is in {log}")

    def _export(self, data: Path) -> None:
        from tinydf.artefacts.manifest import MODEL, read_export
        from tinydf.artefacts.run import WEIGHTS
        from tinydf.compiler import compile_model, write_compiled
        from tinydf.export.run import export_run

        run, out = self.out / "run", self.out / "export"
        manifest = read_export(out) if out.is_dir() else None
        if manifest and manifest.chain.weights == sha256_file(run / WEIGHTS):
            # The same C as before, unless the compiler has changed since.
            write_compiled(compile_model((out / MODEL).read_bytes(), manifest.decision.threshold_steps), out)
        else:
            export_run(run, data, out)

    def _build(self) -> None:
        from tinydf.boards.build import build

        build(self.board, self.out / "export", self.out / "firmware")

    def _bench(self, data: Path) -> None:
        from tinydf import emulator
        from tinydf.artefacts.build import ELF, read_build
        from tinydf.bench import journal
        from tinydf.bench.run import bench

        out, firmware = self.out / "bench", self.out / "firmware"
        path = out / journal.FILE
        if path.is_file() and journal.read(path).header.build_id != read_build(firmware).build_id:
            shutil.rmtree(out)  # of an earlier firmware
        running = emulator.start(self.board, firmware / ELF, name=f"{self.board}-demo", replace=True)
        try:
            bench(
                [running.port],
                data,
                self.out / "export",
                out,
                firmware=firmware,
                limit=self.limit,
                resume=path.is_file(),
            )
        finally:
            running.stop()

    def _report(self, data: Path) -> tuple[Path, dict[str, Any]]:
        from tinydf.report import chain, facts, page

        places = (data, *(self.out / stage for stage in ("run", "export", "firmware", "bench", "baseline")))
        artefacts = chain.read(*places)
        found = facts.gather(artefacts)
        path = self.out / "report.html"
        page.write_page(found, artefacts, path)
        summary = facts.summary(found)
        write_json(path.with_name("summary.json"), summary)
        return path, summary


def _train(recipe_name: str, data: Path, out: Path, augment: bool, threads: int) -> None:
    """Train, or resume what is there; what is of another recipe or data set, or damaged, is replaced."""
    import torch

    from tinydf.train.loop import train
    from tinydf.train.recipe import find_recipe, override, read_recipe

    torch.set_num_threads(threads)
    recipe = override(read_recipe(find_recipe(recipe_name)), seed=None, epochs=None, augment=augment)
    kept = out.exists()
    try:
        train(recipe, data, out, resume=True)
    except TinydfError as error:
        if not kept:
            raise
        logger.info("%s; training again", error.what)
        train(recipe, data, out, force=True)


def _train_quietly(log: Path, *arguments: Any) -> None:
    """Train in a background process, with what there is to say in a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), sys.stderr.fileno())
    _train(*arguments)


@contextmanager
def _stage(what: str) -> Iterator[None]:
    started = monotonic()
    logger.info("== %s", what)
    yield
    logger.info("   %.0f s", monotonic() - started)

# SPDX-License-Identifier: Apache-2.0
"""What the tests of several rooms share, made once in a session: a small data set, a run on it, and its export."""

import os
import shutil
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.data.synthetic import tiny_dataset
from tests.once import made_once, worker
from tinydf.artefacts.preprocess import Preprocess
from tinydf.resources import cache_directory

BYTES_PER_WORKER = 5 << 30
"""Torch and TensorFlow, and a training or a conversion that runs beside them."""
EXPENSIVE = {
    "tiny_run": "slow",  # a training
    "finished": "slow",
    "pretrained": "slow",
    "wheel": "slow",  # an environment of its own
    "tiny_export": "export",
    "kernels": "slow",  # all kernels compiled
    "sanitized_kernels": "slow",
    "h743_firmware": "slow",
}
"""Fixtures that take seconds, and the mark of the tests that need them."""
SHARED_ROOMS = ("packages", "host-engines", "emulator", "ccache")
"""What of the cache is found by its contents, so that processes can share it; emulated boards are found by name."""

# A shell that starts the tests in the background has them and all their children ignore Ctrl-C, which some tests press.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: as many processes as there are cores, and as there is memory for."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(len(os.sched_getaffinity(0)), memory // BYTES_PER_WORKER))


def pytest_configure() -> None:
    """Firmware compiles each kernel once for all boards of a core; processes side by side do not meet.

    Each of those takes one thread, and has emulated boards of its own.
    """
    if ccache := shutil.which("ccache"):
        os.environ["CMAKE_C_COMPILER_LAUNCHER"] = os.environ["CMAKE_CXX_COMPILER_LAUNCHER"] = ccache
        os.environ |= {"CCACHE_DIR": str(cache_directory("ccache")), "CCACHE_NOHASHDIR": "1"}
    if name := worker():
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        shared = {room: cache_directory(room) for room in SHARED_ROOMS}
        own = cache_directory("tests") / name
        own.mkdir(exist_ok=True)
        for room, directory in shared.items():
            if not (own / room).exists():
                (own / room).symlink_to(directory)
        os.environ["TINYDF_CACHE"] = str(own)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that needs an expensive fixture has its mark, and `make test-fast` leaves it out."""
    for item in items:
        for fixture, mark in EXPENSIVE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set directory: 16 real and fake crops a split, validation and test on all platforms."""
    return made_once(tmp_path_factory, "tiny-data", lambda base: tiny_dataset(base / "data")) / "data"


@pytest.fixture(scope="session")
def tiny_run(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory: the smallest PhiNet that has every kind of layer, trained for some seconds."""
    from tinydf.train.loop import train
    from tinydf.train.recipe import Augmentation, DetectorTable, Recipe, Training

    recipe = Recipe(
        name="tiny",
        detector=DetectorTable(
            name="phinet", options={"alpha": 0.34, "beta": 1.0, "t0": 2.0, "blocks": 4, "downsampling": [1, 3]}
        ),
        preprocess=Preprocess(size=96),
        augmentation=Augmentation(share=0.5),
        training=Training(epochs=12, batch_size=8, learning_rate=4e-3),
    )
    return made_once(tmp_path_factory, "tiny-run", lambda base: train(recipe, tiny_data, base / "run")) / "run"


@pytest.fixture(scope="session")
def tiny_export(tiny_run: Path, tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export directory, made from `tiny_run` through every stage."""
    from tinydf.export.run import export_run

    def make(base: Path) -> None:
        export_run(tiny_run, tiny_data, base / "export")

    return made_once(tmp_path_factory, "tiny-export", make) / "export"


@pytest.fixture(scope="session")
def tiny_firmware(tiny_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build directory: `tiny_export` for the host."""
    from tinydf.boards.build import build

    def make(base: Path) -> None:
        build("posix", tiny_export, base / "firmware")

    return made_once(tmp_path_factory, "tiny-firmware", make) / "firmware"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the tests that emulate boards, so that the emulator is compiled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def h743_firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build directory of nucleo-h743, with a small engine."""
    from tests.boards.export import write_export
    from tinydf.boards.build import build

    def make(base: Path) -> None:
        build("nucleo-h743", write_export(base / "export"), base / "out")

    return made_once(tmp_path_factory, "h743", make) / "out"


@pytest.fixture(scope="session")
def sanitized_kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All kernels in one object, under AddressSanitizer and UndefinedBehaviorSanitizer."""
    from tests.compiler.batch import SANITIZERS, build_kernels

    build = partial(build_kernels, flags=SANITIZERS)
    return made_once(tmp_path_factory, "sanitized-kernels", build) / "kernels.o"

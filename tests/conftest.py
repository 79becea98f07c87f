"""What the tests of several rooms share, made once in a session: a small data set, a run on it, and its export."""

import signal
from pathlib import Path

import pytest

from tests.data.synthetic import tiny_dataset
from tinydf.artefacts.preprocess import Preprocess

# A shell that starts the tests in the background has them and all their children ignore Ctrl-C, which some tests press.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set directory: 16 real and fake crops a split, validation and test on all platforms."""
    return tiny_dataset(tmp_path_factory.mktemp("tiny") / "data")


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
    run = tmp_path_factory.mktemp("tiny") / "run"
    train(recipe, tiny_data, run)
    return run


@pytest.fixture(scope="session")
def tiny_export(tiny_run: Path, tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export directory, made from `tiny_run` through every stage."""
    from tinydf.export.run import export_run

    export = tmp_path_factory.mktemp("tiny") / "export"
    export_run(tiny_run, tiny_data, export)
    return export


@pytest.fixture(scope="session")
def tiny_firmware(tiny_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build directory: `tiny_export` for the host."""
    from tinydf.boards.build import build

    firmware = tmp_path_factory.mktemp("tiny") / "firmware"
    build("posix", tiny_export, firmware)
    return firmware


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the tests that emulate boards, so that the emulator is compiled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def h743_firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build directory of nucleo-h743, with a small engine."""
    from tests.boards.export import write_export
    from tinydf.boards.build import build

    base = tmp_path_factory.mktemp("h743")
    build("nucleo-h743", write_export(base / "export"), base / "out")
    return base / "out"

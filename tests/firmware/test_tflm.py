"""TensorFlow Lite Micro behind engine.h, where a built tree is there (TFLM_ROOT)."""

import os
from pathlib import Path

import numpy as np
import pytest

from tinydf.boards import emulator
from tinydf.boards.build import build
from tinydf.link.client import Board
from tinydf.manifest import read_export

pytestmark = [
    pytest.mark.export,
    pytest.mark.skipif("TFLM_ROOT" not in os.environ, reason="TFLM_ROOT does not name a built tflite-micro tree"),
]


@pytest.mark.parametrize("name", ["posix", "nucleo-h743"])
def test_the_interpreter_gives_the_bytes_of_the_compiled_engine(tiny_export: Path, tmp_path: Path, name: str) -> None:
    from tinydf.compiler.host import HostEngine

    build(name, tiny_export, tmp_path, engine="tflm")
    manifest = read_export(tiny_export)
    inputs = np.random.default_rng(1).integers(-128, 128, (4, *manifest.input.shape[1:]), dtype=np.int8)
    expected = HostEngine(tiny_export).run(inputs)
    running = emulator.start(name, tmp_path / "firmware.elf", name=f"test-tflm-{name}", replace=True)
    try:
        with Board(running.port) as board:
            hello = board.hello()
            assert hello.engine == "tflm"
            assert hello.model_sha256.hex() == manifest.chain.tflite
            for index, one in enumerate(inputs):
                result = board.infer(index, one.tobytes())
                assert result.output == expected[index].tobytes()
                assert result.arena_intact
            ticks = board.profile()
            assert len(ticks) == hello.layer_count
            assert all(ticks)
    finally:
        running.stop()

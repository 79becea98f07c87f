# SPDX-License-Identifier: Apache-2.0
"""The Python API: its examples run, its bytes are the host's, and importing it is cheap."""

import ast
import doctest
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import tinydf
from tests.compiler.models import golden
from tinydf import api
from tinydf.resources import MODELS

DETECTOR = MODELS / "phinet-small" / "model.tflite"
HEAVY = ("numpy", "pydantic", "click", "rich", "scipy", "torch", "unicorn", "tensorflow", "serial", "tinydf.api")


@pytest.fixture(scope="module")
def model() -> tinydf.Model:
    return tinydf.compile(DETECTOR, name="detector")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with the model that the examples name."""
    shutil.copy(DETECTOR, tmp_path / "detector.tflite")
    monkeypatch.chdir(tmp_path)
    yield tmp_path


EXAMPLES = [one for one in doctest.DocTestFinder().find(api, "tinydf.api") if one.examples]


@pytest.mark.emulator
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
def test_example(example: doctest.DocTest, here: Path) -> None:
    example.globs.update(tinydf=tinydf, np=np, Path=Path)
    said: list[str] = []
    failed, tried = doctest.DocTestRunner().run(example, out=said.append)
    assert tried and not failed, "".join(said)


def test_every_public_function_and_method_has_documentation() -> None:
    for name in set(tinydf.__all__) - {"__version__"}:
        one = getattr(tinydf, name)
        assert one.__doc__, name
        for inner in list(vars(one)) if isinstance(one, type) else ():
            assert inner.startswith("_") or inner in one.__annotations__ or getattr(one, inner).__doc__, (name, inner)
    assert len(EXAMPLES) >= 4


def test_importing_it_imports_nothing_heavy() -> None:
    probe = (
        f"import sys, tinydf; tinydf.__version__; dir(tinydf); print([one for one in {HEAVY!r} if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    probe = f"import sys, tinydf; tinydf.compile({str(DETECTOR)!r}); print('unicorn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_name_that_it_does_not_have() -> None:
    with pytest.raises(AttributeError, match="module 'tinydf' has no attribute 'florb'"):
        getattr(tinydf, "florb")  # noqa: B009


def test_host_gives_tflm_bytes(model: tinydf.Model) -> None:
    inputs = np.random.default_rng(1).integers(-128, 128, (4, *model.input_shape)).astype(np.int8)
    outputs = model.run_host(inputs)
    np.testing.assert_array_equal(outputs, golden(model.tflite, inputs).reshape(outputs.shape))
    np.testing.assert_array_equal(model.run_host(inputs[2]), outputs[2])


def test_real_values_and_back(model: tinydf.Model) -> None:
    steps = np.arange(-128, 128, dtype=np.int8)
    edge = model.plan.input
    real = (steps.astype(np.float32) - edge.zero_point) * np.float32(edge.scale)
    np.testing.assert_array_equal(model.quantise(real), steps)
    assert model.dequantise(np.array([model.plan.output.zero_point], np.int8)) == 0


@pytest.mark.parametrize("shape", [(1, 1), (96, 96), (2, 3, 96, 96, 3)])
def test_an_input_that_does_not_fit(model: tinydf.Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(tinydf.TinydfError, match=r"an input is int8 .*and the model takes int8 \[96, 96, 3\]"):
        model.run_host(np.zeros(shape, np.int8))
    with pytest.raises(tinydf.TinydfError, match=r"use Model\.quantise for real values"):
        model.run_host(np.zeros(model.input_shape))  # type: ignore[arg-type]


def test_errors_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"no model")
    with pytest.raises(tinydf.TinydfError, match=r"bad\.tflite"):
        tinydf.compile(tmp_path / "bad.tflite")
    with pytest.raises(tinydf.TinydfError, match=r"none\.tflite: No such file"):
        tinydf.build(tmp_path / "none.tflite", board="posix")
    with pytest.raises(tinydf.TinydfError, match=r"no kernels for the core 'florb': give one of .*cortex-m7"):
        tinydf.compile(DETECTOR, core="florb")
    with pytest.raises(tinydf.TinydfError, match="there is no board 'florb'"):
        tinydf.build(DETECTOR, board="florb")
    with pytest.raises(tinydf.TinydfError, match="needs an export directory"):
        tinydf.build(DETECTOR, board="posix", engine="tflm")


@pytest.mark.emulator
def test_a_board_gives_the_hosts_bytes(model: tinydf.Model, tmp_path: Path) -> None:
    """And the emulated board ends with its block, also when that fails."""
    firmware = tinydf.build(model, board="posix", out=tmp_path / "firmware")
    inputs = np.random.default_rng(2).integers(-128, 128, (3, *model.input_shape)).astype(np.int8)
    with tinydf.emulate(tmp_path / "firmware") as port, tinydf.connect(port, board="posix") as board:
        assert board.hello.build_id == firmware.facts.build_id
        answers = [board.infer(one) for one in inputs]
        assert len(board.layer_ticks()) == len(model.plan.layers)
        with pytest.raises(tinydf.TinydfError, match="3 inputs at once: give one after the other"):
            board.infer(inputs)
    np.testing.assert_array_equal([one.output for one in answers], model.run_host(inputs))
    assert {one.unit for one in answers} == {"nanoseconds"}
    assert all(one.ticks > 0 and one.arena_intact for one in answers)
    assert not os.path.lexists(port)
    with pytest.raises(ZeroDivisionError), tinydf.emulate(firmware) as port:
        raise ZeroDivisionError
    assert not os.path.lexists(port)


def test_its_types_reach_a_user() -> None:
    """A type checker reads what the lazy names are; `py.typed` tells it to."""
    source = Path(tinydf.__file__)
    block = next(one for one in ast.parse(source.read_text()).body if isinstance(one, ast.If))
    names = {alias.name for one in block.body if isinstance(one, ast.ImportFrom) for alias in one.names}
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    assert names == set(tinydf.__all__) - {"__version__"}
    assert source.with_name("py.typed").is_file()

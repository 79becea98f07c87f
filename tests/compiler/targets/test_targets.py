# SPDX-License-Identifier: Apache-2.0
"""Targets and cores: what is known, what is refused, and a made-up core that is one folder of another package."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.cases import CASES, inputs_for
from tests.compiler.models import golden
from tinydf.compiler import CORES, TARGETS, target_of
from tinydf.errors import TinydfError

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = Path(__file__).parent / "package"
SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from tinydf.compiler import compile_model, target_of, write_compiled
from tinydf.compiler.host import HostEngine
from tinydf.package.sources import sources

directory = Path(sys.argv[1])
target = target_of("example-core")
for name in ("", "toy"):
    compiled = compile_model((directory / "model.tflite").read_bytes(), target=target.name, name=name)
    write_compiled(compiled, directory)
    assert "lookup_by_four" in {kernel for layer in compiled.plan.layers for kernel in layer.kernels}
    outputs = HostEngine(directory, compiled.stem).run(np.load(directory / "inputs.npy"))
    np.save(directory / f"outputs{name}.npy", outputs)
packaged = sources(compiled)
assert "toy_kernels/lookup_by_four.c" in packaged and "toy_lookup_by_four" in packaged["toy_model.c"]
"""


def test_an_unknown_core_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(
        TinydfError, match=r"no kernels for the core 'z80': give one of generic, .*cortex-m85"
    ) as caught:
        target_of("z80")
    assert "\n" not in str(caught.value)


def test_a_core_has_one_target() -> None:
    cores = [core for target in TARGETS.values() for core in target.cores]
    assert len(cores) == len(set(cores)) == len(CORES)
    assert [CORES[core].name for core in ("cortex-m33", "cortex-m85", "rv32imc")] == [
        "armv7e-m",
        "armv8.1-m",
        "rv32imc",
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of a made-up core, installed."""
    target = tmp_path_factory.mktemp("packages") / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*pip, str(target), str(PACKAGE)], check=True)
    return target


def run(site: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{site}"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_made_up_core_is_one_folder(site: Path, tmp_path: Path) -> None:
    """With a kernel, a struct and C of its own: a model compiled for it gives TFLM's bytes on this machine."""
    rng = np.random.default_rng(3)
    model = CASES["cascade"](rng)
    (tmp_path / "model.tflite").write_bytes(model)
    done = run(site, "-c", "from tinydf.compiler import CORES; print(CORES['example-core'].name)")
    assert done.stdout.strip() == "example", done.stderr
    inputs = inputs_for(rng, _input_shape(model))
    np.save(tmp_path / "inputs.npy", inputs)
    done = run(site, "-c", SCRIPT, tmp_path)
    assert done.returncode == 0, done.stderr
    expected = golden(model, inputs)
    for name in ("outputs.npy", "outputstoy.npy"):
        np.testing.assert_array_equal(np.load(tmp_path / name).reshape(expected.shape), expected)


def _input_shape(model: bytes) -> tuple[int, ...]:
    from tinydf.compiler import compile_model

    return compile_model(model).plan.input.shape[1:]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("json:nothing", "announces a target in json:nothing, which has none"),
        ("tinydf.compiler.targets.generic:TARGET", "announces a target generic, which there is already"),
    ],
)
def test_a_package_without_a_target_is_named(value: str, message: str, tmp_path: Path) -> None:
    info = tmp_path / "bad-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[tinydf.targets]\nbad = {value}\n")
    done = run(tmp_path, "-m", "tinydf.cli", "compile", PACKAGE / "pyproject.toml", "--out", tmp_path / "c")
    assert done.returncode == 1 and message in " ".join(done.stderr.split())

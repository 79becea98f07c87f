# SPDX-License-Identifier: Apache-2.0
"""What the compiler writes: the same bytes each time, names and costs, C without a warning, an exact arena."""

import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.compiler.cases import CASES
from tests.compiler.models import ModelBuilder
from tinydf.cli.compile import command
from tinydf.compiler import TARGETS, Compiled, compile_model, write_compiled
from tinydf.compiler.codegen.emit import printable
from tinydf.compiler.compile import check_name
from tinydf.compiler.host import HostEngine
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes
from tinydf.resources import KERNELS

STRICT = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-c")
INCLUDES = (f"-I{KERNELS / 'include'}",)
COMPILERS = {"host": ("cc",), "arm": ("arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard")}


@pytest.fixture(scope="module")
def network() -> bytes:
    return CASES["network"](np.random.default_rng(3))


@pytest.fixture(scope="module")
def compiled(network: bytes) -> Compiled:
    return compile_model(network)


def test_same_model_same_bytes(network: bytes, compiled: Compiled) -> None:
    assert compile_model(network).source == compiled.source


def test_layers_bear_the_model_s_names_shapes_and_costs(compiled: Compiled) -> None:
    for layer in compiled.plan.layers:
        assert f"// {layer.index} {layer.operator} {layer.name}\n" in compiled.source
        assert f"{layer.macs} MACs" in compiled.source
        assert re.search(rf"^static void run_\d+_{layer.name}\(uint8_t \*arena\) {{$", compiled.source, re.M)
        assert f'"{layer.index} {layer.operator} {layer.name}"' in compiled.source
    assert compiled.plan.macs == sum(layer.macs for layer in compiled.plan.layers)


def test_model_hash_is_in_the_source(network: bytes, compiled: Compiled) -> None:
    assert sha256_bytes(network) in compiled.source
    assert f'MODEL_AOT_SHA256       "{sha256_bytes(network)}"' in compiled.header


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILERS)
def test_generated_c_and_kernels_have_no_warning(name: str, tmp_path: Path) -> None:
    compiler = COMPILERS[name]
    if shutil.which(compiler[0]) is None:
        pytest.fail(f"{compiler[0]} is not installed")
    rng = np.random.default_rng(5)
    for k, make in enumerate(CASES.values()):
        directory = tmp_path / str(k)
        write_compiled(compile_model(make(rng), target=list(TARGETS)[k % len(TARGETS)]), directory)
        source = str(directory / "model_aot.c")
        run = [*compiler, *STRICT, *INCLUDES, f"-I{directory}", source, "-o", str(directory / "model.o")]
        subprocess.run(run, check=True)
    for source_file in sorted(KERNELS.glob("*/*.c")):
        subprocess.run([*compiler, *STRICT, *INCLUDES, str(source_file), "-o", str(tmp_path / "k.o")], check=True)


def test_arena_is_no_larger_than_its_tensors_need(compiled: Compiled) -> None:
    plan = compiled.plan
    assert plan.optimal
    ends = [tensor.offset + tensor.bytes for layer in plan.layers for tensor in layer.inputs + layer.outputs]
    scratch = max(layer.scratch_bytes for layer in plan.layers)
    assert max(ends) <= plan.arena_bytes <= max(ends) + scratch + 3


def test_one_byte_of_arena_less_does_not_compile(compiled: Compiled, tmp_path: Path) -> None:
    write_compiled(compiled, tmp_path)
    run = ["cc", *STRICT, *INCLUDES, f"-I{tmp_path}", str(tmp_path / "model_aot.c"), "-o", str(tmp_path / "model.o")]
    subprocess.run([*run, f"-DTINYDF_ARENA_BYTES={compiled.arena_bytes}"], check=True)
    small = [*run, f"-DTINYDF_ARENA_BYTES={compiled.arena_bytes - 1}"]
    refused = subprocess.run(small, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "the arena is too small for this model" in refused.stderr


def test_names_of_any_bytes(tmp_path: Path) -> None:
    """Each layer has its name, within a comment and a string, for every sign in the model's own name."""
    names = ["a, b", "*/", "/*", "x\\", '"', "a\nb\r", "??/", "%s", "\u00e9\u4e16", "end//\\", " , ", ""]
    model = ModelBuilder()
    tensors = [model.tensor((1, 3, 3, 2), 0.1, name=name) for name in ["input", *names]]
    for source, target in pairwise(tensors):
        model.add(
            "MAX_POOL_2D", [source], [target], "Pool2DOptions", strideH=1, strideW=1, filterHeight=2, filterWidth=2
        )
    compiled = compile_model(model.finish(tensors[:1], tensors[-1:]), whole=True)
    write_compiled(compiled, tmp_path)
    assert [layer.name for layer in compiled.plan.layers][:-1] == names[:-1]
    shown = [f"{layer.index} {layer.operator} {printable(layer.name)}" for layer in compiled.plan.layers]
    assert HostEngine(tmp_path).layer_names == shown
    made = [str(tmp_path / "model_aot.c"), "-o", str(tmp_path / "model.o")]
    subprocess.run(["cc", *STRICT, *INCLUDES, f"-I{tmp_path}", *made], check=True)


def test_command_writes_three_files_and_prints_the_plan(network: bytes, tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(network)
    result = CliRunner().invoke(command, [str(model), "--out", str(tmp_path / "c"), "--json"])
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in (tmp_path / "c").iterdir()) == ["model_aot.c", "model_aot.h", "plan.json"]
    assert json.loads(result.stdout)["arena_bytes"] == compile_model(network).arena_bytes
    table = CliRunner().invoke(command, [str(model), "--out", str(tmp_path / "c")])
    assert "no placing of these buffers is smaller" in table.stdout


def test_half_a_model_is_one_line_and_leaves_nothing(network: bytes, tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(network[: len(network) // 2])
    result = CliRunner().invoke(command, [str(model), "--out", str(tmp_path / "c")])
    assert isinstance(result.exception, TinydfError)
    assert "\n" not in str(result.exception)
    assert not (tmp_path / "c").exists()


def test_unknown_target_is_refused(network: bytes) -> None:
    with pytest.raises(TinydfError, match="unknown target 'z80'"):
        compile_model(network, target="z80")


@pytest.mark.parametrize("name", ["3d", "a-b", "", "_x", "tdf", "x" * 33, "é", "a\nb"])
def test_a_name_that_c_cannot_take_is_refused(name: str, network: bytes) -> None:
    with pytest.raises(TinydfError, match=r"cannot be a model's name in C: give a letter and up to 31"):
        check_name(name)


def test_command_with_a_name(network: bytes, tmp_path: Path) -> None:
    model, out = tmp_path / "model.tflite", tmp_path / "c"
    model.write_bytes(network)
    result = CliRunner().invoke(command, [str(model), "--out", str(out), "--name", "kws", "--check"])
    assert result.exit_code == 0, result.output
    assert "every layer gives TFLM's bytes" in result.stderr
    assert sorted(p.name for p in out.iterdir()) == ["kws_model.c", "kws_model.h", "kws_plan.json"]

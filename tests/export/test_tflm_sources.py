# SPDX-License-Identifier: Apache-2.0
"""The exported C++: its constants are the manifest's, and alone they are enough for a TFLM program."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.cases import CASES
from tinydf.artefacts.manifest import Decision, Manifest, Provenance, TensorSpec
from tinydf.artefacts.preprocess import Preprocess
from tinydf.boards import board as boards
from tinydf.boards.tflm.library import choose, find_tree
from tinydf.compiler.compile import compile_model
from tinydf.export.tflm_sources import HEADER, are_current, write_sources
from tinydf.files import sha256_bytes
from tinydf.resources import FIRMWARE, MODELS

PROGRAMS = Path(__file__).parent / "programs"
CHECK = """
#include <cstdio>
#include "model_data.h"
using namespace tinydf;
int main() {
    for (std::int32_t size : kInputShape) std::printf("%d ", static_cast<int>(size));
    for (std::int32_t size : kOutputShape) std::printf("%d ", static_cast<int>(size));
    std::printf("%zu %zu %.9g %.9g %d %d %d %zu ", kInputBytes, kOutputBytes, static_cast<double>(kInputScale),
                static_cast<double>(kOutputScale), kInputZeroPoint, kOutputZeroPoint, kThresholdSteps, kArenaBytes);
    for (std::uint8_t byte : kModelSha256) std::printf("%02x", byte);
    std::fflush(stdout);
    std::fwrite(kModel, 1, kModelBytes, stderr);
}
"""


def manifest_of(tflite: bytes, steps: int = 7) -> Manifest:
    plan = compile_model(tflite).plan
    edges = [
        TensorSpec(name=edge.name, shape=edge.shape, scale=edge.scale, zero_point=edge.zero_point)
        for edge in (plan.input, plan.output)
    ]
    return Manifest(
        name="case",
        input=edges[0],
        output=edges[1],
        preprocess=Preprocess(size=96),
        decision=Decision(threshold_steps=steps),
        chain=Provenance(tflite=sha256_bytes(tflite)),
        tflm_arena_bytes=None,
    )


@pytest.mark.parametrize("name", ["network", "softmax"])
def test_the_constants_are_the_manifests(tmp_path: Path, name: str) -> None:
    tflite = CASES[name](np.random.default_rng(3))
    manifest = manifest_of(tflite, steps=-5)
    write_sources(tmp_path, tflite, manifest)
    (tmp_path / "check.cc").write_text(CHECK)
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Wconversion", "-Wno-error=unused", "-Werror"]
    subprocess.run(
        ["g++", *flags, "check.cc", "model_data.cc", "-o", "check"], cwd=tmp_path, check=True, capture_output=True
    )
    done = subprocess.run([tmp_path / "check"], capture_output=True, check=True)
    assert done.stderr == tflite
    *numbers, digest = done.stdout.decode().split()
    given, made = manifest.input, manifest.output
    shapes = [*given.shape, *made.shape, given.bytes, made.bytes]
    assert [int(one) for one in numbers[: len(shapes)]] == shapes
    scales, rest = numbers[len(shapes) : len(shapes) + 2], numbers[len(shapes) + 2 :]
    assert [np.float32(one) for one in scales] == [np.float32(given.scale), np.float32(made.scale)]
    assert [int(one) for one in rest[:3]] == [given.zero_point, made.zero_point, -5]
    assert int(rest[3]) > given.bytes
    assert digest == manifest.chain.tflite


def test_sources_of_another_model_or_decision_are_not_current(tmp_path: Path) -> None:
    tflite = CASES["softmax"](np.random.default_rng(3))
    manifest = manifest_of(tflite)
    assert not are_current(tmp_path, manifest)
    write_sources(tmp_path, tflite, manifest)
    assert are_current(tmp_path, manifest)
    assert not are_current(tmp_path, manifest_of(tflite, steps=8))
    (tmp_path / HEADER).write_text("// of an older version\n")
    assert not are_current(tmp_path, manifest)


def test_the_firmwares_log(tmp_path: Path) -> None:
    """TFLM's messages without stdio: each conversion, line ends, what is not printable, no byte past a buffer."""
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    sources = [str(PROGRAMS / "log.cc"), str(FIRMWARE / "engine" / "tflm" / "log.cc")]
    subprocess.run(["g++", *flags, f"-I{FIRMWARE}", *sources, "-o", str(tmp_path / "log")], check=True)
    subprocess.run([tmp_path / "log"], check=True)


@pytest.mark.export
@pytest.mark.skipif("TFLM_ROOT" not in os.environ, reason="TFLM_ROOT does not name a built tflite-micro tree")
def test_a_program_of_40_lines_gives_the_interpreters_bytes(tmp_path: Path) -> None:
    """The published detector in a program that is not tinydf's, linked with the library for this computer."""
    from tinydf.compiler.host.interpreter import Interpreter

    tflite = (MODELS / "phinet-demo" / "model.tflite").read_bytes()
    manifest = Manifest.model_validate_json((MODELS / "phinet-demo" / "manifest.json").read_bytes())
    write_sources(tmp_path, tflite, manifest)
    tree = find_tree()
    library = choose(boards.load("posix"), tree)
    includes = [f"-I{path}" for path in (tmp_path, *tree.includes)]
    command = ["g++", "-std=c++17", "-O1", "-DTF_LITE_STATIC_MEMORY", "-fno-rtti", *includes]
    sources = [str(PROGRAMS / "main.cc"), str(tmp_path / "model_data.cc"), str(library.path)]
    subprocess.run([*command, *sources, "-o", str(tmp_path / "main")], check=True)
    inputs = np.random.default_rng(5).integers(-128, 128, (4, *manifest.input.shape[1:]), dtype=np.int8)
    done = subprocess.run([tmp_path / "main"], input=inputs.tobytes(), capture_output=True, check=True)
    expected = Interpreter(tflite).run(inputs)
    verdicts = [b"f" if manifest.verdict(one[None]) else b"r" for one in expected]
    assert done.stdout == b"".join(one.tobytes() + verdict for one, verdict in zip(expected, verdicts, strict=True))

# SPDX-License-Identifier: Apache-2.0
"""The whole export, from a run, an .onnx and a .tflite, as its files and the interpreter tell it."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tinydf.artefacts.manifest import read_export
from tinydf.artefacts.parity import FILE as PARITY
from tinydf.artefacts.parity import LIMITS, Parity
from tinydf.cli.export import command
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.host.interpreter import Interpreter
from tinydf.data.dataset import Dataset
from tinydf.export.parity import mean
from tinydf.export.run import export_run
from tinydf.files import sha256_file
from tinydf.train.run import load_run

STAGES = ["torch", "onnx", "float_tflite", "int8_tflite"]


def test_manifest_ties_the_chain_together(tiny_export: Path, tiny_run: Path, tiny_data: Path) -> None:
    manifest = read_export(tiny_export)
    _, recipe, metrics = load_run(tiny_run)
    assert manifest.name == recipe.name
    assert manifest.chain.dataset == metrics.dataset_sha256 == sha256_file(tiny_data / "dataset.json")
    assert manifest.chain.weights == sha256_file(tiny_run / "weights.safetensors")
    assert manifest.chain.onnx == sha256_file(tiny_export / "model.onnx")
    assert manifest.chain.tflite == sha256_file(tiny_export / "model.tflite")
    step = manifest.output.scale
    assert manifest.decision.threshold == manifest.decision.threshold_steps * step
    assert 0 <= metrics.threshold - manifest.decision.threshold < step
    assert manifest.decision.temperature == metrics.temperature


def test_input_is_pixel_minus_128(tiny_export: Path, tiny_data: Path) -> None:
    manifest = read_export(tiny_export)
    assert manifest.input.shape == (1, 96, 96, 3)
    assert (np.float32(manifest.input.scale), manifest.input.zero_point) == (np.float32(1 / 255), -128)
    image = next(Dataset(tiny_data).samples("test")).image
    expected = manifest.preprocess.crop_image(image).astype(np.int16) - 128
    np.testing.assert_array_equal(manifest.to_inputs(image), expected[None])


def test_model_is_int8_throughout_with_a_scale_for_each_channel(tiny_export: Path) -> None:
    graph = read_model((tiny_export / "model.tflite").read_bytes())
    assert {one.dtype for one in graph.tensors} <= {"int8", "int32"}
    convolutions = [one for one in graph.operators if one.kind in ("CONV_2D", "DEPTHWISE_CONV_2D")]
    assert len(convolutions) > 10
    for one in convolutions:
        assert one.inputs[1] is not None
        weights = graph.tensors[one.inputs[1]]
        assert weights.quantisation is not None
        assert len(weights.quantisation.scales) == weights.shape[3 if one.kind == "DEPTHWISE_CONV_2D" else 0]


def test_parity_is_within_limits_on_every_stage(tiny_export: Path) -> None:
    parity = Parity.model_validate_json((tiny_export / PARITY).read_bytes())
    assert [one.stage for one in parity.stages] == STAGES
    assert parity.images >= 144  # all that the tiny data set has
    for one in parity.stages[1:]:
        assert one.agreement >= LIMITS[one.stage].agreement
        assert mean(parity.stages[0].balanced_accuracy) - mean(one.balanced_accuracy) <= 0.02
    assert 0 < parity.stages[1].largest_error < 1e-4
    assert parity.stages[1].largest_error < parity.stages[3].largest_error


def test_parity_of_int8_is_what_the_interpreter_and_the_manifest_say(tiny_export: Path, tiny_data: Path) -> None:
    manifest, parity = read_export(tiny_export), json.loads((tiny_export / PARITY).read_bytes())
    golden = Interpreter((tiny_export / "model.tflite").read_bytes())
    accuracies = parity["stages"][3]["balanced_accuracy"]
    assert "pre_social" in accuracies
    for platform, accuracy in accuracies.items():
        samples = list(Dataset(tiny_data).samples("test", platform))
        outputs = [golden.run(manifest.to_inputs(one.image)) for one in samples]
        verdict = np.array([manifest.verdict(one) for one in outputs])
        fake = np.array([one.label == 1 for one in samples])
        assert accuracy == pytest.approx((verdict[fake].mean() + (~verdict[~fake]).mean()) / 2)
        scores = np.array([manifest.score(one) for one in outputs])
        np.testing.assert_array_equal(verdict, scores > manifest.decision.threshold)


def test_c_array_holds_the_model(tiny_export: Path, tmp_path: Path) -> None:
    program = tmp_path / "dump.cc"
    program.write_text(
        '#include <cstdio>\n#include "model_data.h"\n'
        "int main() { std::fwrite(tinydf::kModel, 1, tinydf::kModelBytes, stdout); }\n"
    )
    compile_it = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{tiny_export}", "-o", str(tmp_path / "dump")]
    subprocess.run([*compile_it, str(program), str(tiny_export / "model_data.cc")], check=True)
    dumped = subprocess.run([str(tmp_path / "dump")], capture_output=True, check=True).stdout
    assert dumped == (tiny_export / "model.tflite").read_bytes()


def test_a_finished_tflite_is_packaged_as_it_is(tiny_export: Path, tmp_path: Path) -> None:
    model = tmp_path / "mine.tflite"
    model.write_bytes((tiny_export / "model.tflite").read_bytes())
    manifest = export_run(model, None, tmp_path / "export")
    ours = read_export(tiny_export)
    assert (manifest.name, manifest.chain.tflite) == ("mine", ours.chain.tflite)
    assert (manifest.input, manifest.output) == (ours.input, ours.output)
    assert manifest.tflm_arena_bytes == ours.tflm_arena_bytes
    assert (ours.tflm_arena_bytes or 0) > 96 * 96 * 3
    assert manifest.chain.dataset is None
    for one in ("model.tflite", "model_data.cc", "op_resolver.h", "plan.json"):  # model_data.h has the threshold
        assert (tmp_path / "export" / one).read_bytes() == (tiny_export / one).read_bytes(), one
    assert not (tmp_path / "export" / PARITY).exists()


@pytest.mark.slow
@pytest.mark.export
def test_an_onnx_converts_to_the_same_bytes(tiny_export: Path, tiny_data: Path, tmp_path: Path) -> None:
    manifest = export_run(tiny_export / "model.onnx", tiny_data, tmp_path / "export")
    ours = read_export(tiny_export)
    assert manifest.chain == ours.chain.model_copy(update={"weights": None})
    assert manifest.decision.threshold == 0.0
    parity = Parity.model_validate_json((tmp_path / "export" / PARITY).read_bytes())
    assert [one.stage for one in parity.stages] == STAGES[1:]


def test_command_prints_json_and_a_line(tiny_export: Path, tmp_path: Path) -> None:
    source = str(shutil.copy(tiny_export / "model.tflite", tmp_path))
    done = CliRunner().invoke(command, ["--int8", source, "--out", str(tmp_path / "a"), "--json"])
    assert json.loads(done.stdout)["manifest"]["name"] == "model"
    done = CliRunner().invoke(command, ["--int8", source, "--out", str(tmp_path / "b")])
    assert done.exit_code == 0
    assert "model.tflite" in done.stdout

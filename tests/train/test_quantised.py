# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training: the network computes as its int8 self, and its ranges reach the .tflite."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.e2e.command import refuse
from tinydf import detectors
from tinydf.artefacts.manifest import read_export
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.host.interpreter import Interpreter
from tinydf.data.dataset import Dataset
from tinydf.export.run import export_run
from tinydf.files import sha256_file
from tinydf.train.evaluate import evaluate_scores
from tinydf.train.images import read_images
from tinydf.train.loop import train
from tinydf.train.quantised import QuantisationAware, round_to, round_weights_of
from tinydf.train.recipe import Recipe, find_recipe, override, read_recipe
from tinydf.train.run import load_ranges, load_run


def test_values_are_rounded_as_tflite_holds_them() -> None:
    values = torch.tensor([-3.0, -1.0, -0.004, 0.0, 0.006, 0.5, 2.0])
    rounded = round_to(values, torch.tensor(-1.0), torch.tensor(1.55))
    scale = np.float32(2.55 / 255)
    zero_point = round(-128 + 1.0 / scale)
    steps = np.clip(np.round(values.numpy() / scale) + zero_point, -128, 127)
    np.testing.assert_allclose(rounded.numpy(), (steps - zero_point) * scale, atol=1e-6)


def test_gradients_pass_through_the_rounding_and_not_beyond_the_range() -> None:
    values = torch.tensor([-5.0, 0.3, 5.0], requires_grad=True)
    round_to(values, torch.tensor(-1.0), torch.tensor(1.0)).sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [0.0, 1.0, 0.0]


def test_weights_have_a_scale_for_each_channel() -> None:
    weights = torch.tensor([[1.27, 0.014], [127.0, 1.4]]).reshape(2, 2, 1, 1)
    expected = torch.tensor([[1.27, 0.01], [127.0, 1.0]]).reshape(2, 2, 1, 1)
    torch.testing.assert_close(round_weights_of(weights), expected)


class Shapes(nn.Module):  # type: ignore[misc]
    """One of everything that shares a range or is fused."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)
        self.normalisation = nn.BatchNorm2d(4)
        self.last = nn.Conv2d(4, 2, 1)

    def forward(self, images: Tensor) -> Tensor:
        made = torch.relu(self.normalisation(self.convolution(images)))  # one point: all fused
        moved = torch.cat((made[:, 2:], made[:, :2]), 1)  # none: values only move
        summed = made + moved * torch.sigmoid(moved)  # the sigmoid, the product
        return self.last(summed.mean((2, 3), keepdim=True)).flatten(1)  # the sum, the mean, the logits


def test_points_are_the_tensors_of_an_int8_model() -> None:
    aware = QuantisationAware(Shapes(), 8)
    assert len(aware.low) == 6
    aware.train()
    aware(torch.rand(2, 3, 8, 8))
    assert aware.high[1] == 255 / 256, "a sigmoid's range is TFLite's"
    assert (aware.low <= 0).all() and (aware.high >= 0).all()
    before = aware.high.clone()
    aware.eval()
    aware(10 * torch.rand(2, 3, 8, 8))
    assert torch.equal(aware.high, before), "only training moves ranges"


@pytest.mark.parametrize(
    "name", ["phinet-demo", "micronet-m0", "mobilenet-v2-035", "mobilenet-v3-small", "resnet-8", "resnet-18"]
)
def test_every_detector_can_be_trained_so(name: str) -> None:
    recipe = read_recipe(find_recipe(name))
    torch.manual_seed(0)
    detector = detectors.build(recipe.detector.name, recipe.detector.options)
    aware = QuantisationAware(detector, 96).train()
    aware(torch.rand(2, 3, 96, 96)).square().sum().backward()
    learned = [one for one in detector.parameters() if one.requires_grad]
    assert sum(one.grad is not None and bool(one.grad.any()) for one in learned) > 0.9 * len(learned)


@pytest.fixture(scope="module")
def refined(tiny_run: Path, tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was refined as its int8 self computes."""
    out = tmp_path_factory.mktemp("qat") / "run"
    train(quantising(tiny_run), tiny_data, out, initial=tiny_run)
    return out


def quantising(run: Path) -> Recipe:
    return override(read_recipe(run / "recipe.toml"), epochs=2, quantise=True)


def test_a_refined_run_is_a_run_and_keeps_its_ranges(refined: Path, tiny_run: Path) -> None:
    _, recipe, metrics = load_run(refined)
    assert recipe.training.quantise
    assert recipe.training.learning_rate == pytest.approx(load_run(tiny_run)[1].training.learning_rate / 10)
    assert metrics.ranges_sha256 == sha256_file(refined / "ranges.safetensors")
    ranges = load_ranges(refined, metrics)
    assert ranges is not None and (ranges["high"] > ranges["low"]).all()


def test_it_needs_a_run_to_refine(tiny_run: Path, tiny_data: Path, tmp_path: Path) -> None:
    line = refuse("train", tiny_run / "recipe.toml", "--data", tiny_data, "--out", tmp_path / "run", "--qat")
    assert "--init" in line


@pytest.mark.export
def test_learned_ranges_reach_the_tflite(refined: Path, tiny_data: Path, tmp_path: Path) -> None:
    manifest = export_run(refined, tiny_data, tmp_path / "export")
    parity = json.loads((tmp_path / "export" / "parity.json").read_text())
    assert parity["calibration"] == "learned"
    detector, recipe, metrics = load_run(refined)
    ranges = load_ranges(refined, metrics)
    assert ranges is not None
    tflite = (tmp_path / "export" / "model.tflite").read_bytes()
    graph = read_model(tflite)
    scales = {one.quantisation.scale for one in graph.tensors if one.data is None and one.quantisation}
    learned = ((ranges["high"] - ranges["low"]) / 255).tolist()
    reached = [any(abs(scale / one - 1) < 1e-4 for scale in scales) for one in learned]
    assert np.mean(reached) > 0.9  # a sigmoid's, and tensors that share one range, are TFLite's own

    aware = QuantisationAware(detector, recipe.preprocess.size)
    aware.low.copy_(ranges["low"])
    aware.high.copy_(ranges["high"])
    images = read_images(Dataset(tiny_data), "test")
    simulated, exact = (evaluate_scores(one, images, recipe.preprocess) for one in (aware, detector))
    golden = Interpreter(tflite)
    device = np.array([manifest.score(golden.run(manifest.to_inputs(one))) for one in images.pixels])
    apart, without = (float(np.sqrt(np.mean((one - device) ** 2))) for one in (simulated, exact))
    assert apart < without
    assert apart < 2 * manifest.output.scale, "the training saw the device's scores, to within steps of the output"
    assert read_export(tmp_path / "export").decision == manifest.decision

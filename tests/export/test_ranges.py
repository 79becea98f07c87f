# SPDX-License-Identifier: Apache-2.0
"""Ranges of int8 tensors, on distributions whose best range is known."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.e2e.command import succeed
from tinydf.artefacts.manifest import read_export
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.ir.graph import Graph
from tinydf.data.dataset import Dataset
from tinydf.export.calibration import calibration_crops
from tinydf.export.ranges import METHODS, STEPS, Range, Seen
from tinydf.export.tflite import convert


def seen(values: NDArray[np.float64]) -> Seen:
    one = Seen(float(values.min()), float(values.max()))
    for part in np.array_split(values.astype(np.float32), 3):
        one.add(part)
    return one


def error(values: NDArray[np.float64], limits: Range) -> float:
    """The squared error of int8 with this range, values and zero point rounded as TFLite does."""
    scale = (limits[1] - limits[0]) / STEPS
    zero_point = round(-limits[0] / scale)
    steps = np.clip(np.round(values / scale) + zero_point, 0, STEPS)
    return float((((steps - zero_point) * scale - values) ** 2).mean())


def test_minmax_is_all_that_was_seen_and_zero() -> None:
    assert seen(np.array([0.5, 2.0, 3.0])).range("minmax") == (0.0, 3.0)
    assert seen(np.array([-4.0, -2.0, -1.0])).range("minmax") == (-4.0, 0.0)


def test_percentile_leaves_out_a_few_values_far_away() -> None:
    values = np.append(np.random.default_rng(0).uniform(-1, 1, 200_000), [-50.0, 80.0])
    low, high = seen(values).range("percentile")
    assert -1.1 < low < -0.9 and 0.9 < high < 1.1


def test_percentile_counts_zeros() -> None:
    values = np.zeros(200_000)
    values[:4] = 7.0
    low, high = seen(values).range("percentile")
    assert low == 0.0 and high < 0.01


@pytest.mark.parametrize("shape", ["normal", "laplace", "relu", "one-sided", "uniform"])
def test_mse_is_no_worse_than_any_other_range(shape: str) -> None:
    random = np.random.default_rng(1)
    values = {
        "normal": random.normal(0.3, 1, 50_000),
        "laplace": random.laplace(0, 1, 50_000),
        "relu": np.maximum(random.laplace(-1, 1, 50_000), 0),
        "one-sided": -random.exponential(1, 50_000),
        "uniform": random.uniform(-1, 3, 50_000),
    }[shape]
    one = seen(values)
    low, high = one.range("mse")
    assert low <= 0 <= high
    best = error(values, (low, high))
    for part in np.linspace(0.3, 1, 30):
        assert best <= 1.03 * error(values, (one.low * part, one.high * part))
    if shape == "laplace":
        assert best < 0.9 * error(values, one.range("minmax"))


def test_a_tensor_that_was_only_zero_keeps_its_range() -> None:
    one = Seen(0.0, 0.0)
    one.add(np.zeros(10, np.float32))
    assert all(one.range(method) == (0.0, 0.0) for method in METHODS)


def scales(model: Graph) -> dict[str, float]:
    """Of what the operators write, by name; biases and weights follow from these and from the data."""
    tensors = [model.tensors[place] for operator in model.operators for place in operator.outputs]
    return {one.name: one.quantisation.scale for one in tensors if one.quantisation}


@pytest.mark.export
def test_ranges_reach_the_model(tiny_export: Path, tiny_data: Path) -> None:
    manifest = read_export(tiny_export)
    crops = calibration_crops(Dataset(tiny_data), manifest.preprocess)[:40]
    _, models = convert((tiny_export / "model.onnx").read_bytes(), manifest.preprocess.to_float(crops), METHODS)
    wide, percentile, mse = (scales(read_model(models[method])) for method in METHODS)
    assert wide.keys() == percentile.keys() == mse.keys()
    for narrow in (percentile, mse):
        assert all(narrow[name] <= wide[name] * 1.001 for name in wide)
        assert any(narrow[name] < wide[name] * 0.99 for name in wide)
    for model in map(read_model, models.values()):
        quantisation = model.tensors[model.inputs[0]].quantisation
        assert quantisation is not None
        assert (np.float32(quantisation.scale), quantisation.zero_point) == (np.float32(1 / 255), -128)


@pytest.mark.export
def test_best_is_chosen_on_validation(tiny_run: Path, tiny_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "export"
    said = succeed("export", tiny_run, "--int8", "--data", tiny_data, "--out", out, "--calibration", "best", "--json")
    parity = json.loads(said)["parity"]
    tried = {method: parity["calibrations"][method]["rmse"] for method in METHODS}
    assert parity["calibration"] == min(tried, key=lambda method: tried[method])
    assert json.loads((out / "parity.json").read_text()) == parity

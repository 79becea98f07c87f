# SPDX-License-Identifier: Apache-2.0
"""Rounded weights shift means; corrected biases take the shift out again, and nothing else changes."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tinydf.artefacts.manifest import read_export
from tinydf.compiler.frontend.tflite import read_model
from tinydf.data.dataset import Dataset
from tinydf.export.bias import correct_biases
from tinydf.export.calibration import calibration_crops
from tinydf.export.layers import layer_noise


@pytest.fixture(scope="module")
def images(tiny_export: Path, tiny_data: Path) -> NDArray[np.float32]:
    preprocess = read_export(tiny_export).preprocess
    return preprocess.to_float(calibration_crops(Dataset(tiny_data), preprocess))


def test_an_error_of_all_weights_is_taken_out(tiny_export: Path, images: NDArray[np.float32]) -> None:
    exact, rounded = ((tiny_export / name).read_bytes() for name in ("model_float.tflite", "model.tflite"))
    graph = read_model(rounded)
    first = graph.operators[1]  # the first convolution behind a ReLU6
    assert first.kind == "CONV_2D"
    assert first.inputs[1] is not None
    weights = graph.tensors[first.inputs[1]].data
    assert weights is not None
    at = rounded.index(weights.tobytes())
    shifted = bytearray(rounded)
    shifted[at : at + weights.nbytes] = np.clip(weights.astype(int) + 3, -127, 127).astype(np.int8).tobytes()
    before = layer_noise(exact, bytes(shifted), images)
    after = layer_noise(exact, correct_biases(exact, bytes(shifted), images), images)
    assert after[1].snr_db > before[1].snr_db + 6
    assert after[-1].snr_db > before[-1].snr_db


def test_only_biases_change(tiny_export: Path, images: NDArray[np.float32]) -> None:
    exact, rounded = ((tiny_export / name).read_bytes() for name in ("model_float.tflite", "model.tflite"))
    corrected = correct_biases(exact, rounded, images)
    assert len(corrected) == len(rounded)
    old, new = read_model(rounded), read_model(corrected)
    biases = {one.inputs[2] for one in old.operators if one.kind in ("CONV_2D", "DEPTHWISE_CONV_2D")}
    changed = {
        place
        for place, (was, now) in enumerate(zip(old.tensors, new.tensors, strict=True))
        if was.data is not None and now.data is not None and not np.array_equal(was.data, now.data)
    }
    assert changed
    assert changed <= biases
    assert old.operators == new.operators

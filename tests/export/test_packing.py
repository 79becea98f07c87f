# SPDX-License-Identifier: Apache-2.0
"""Smaller .tflite files that say the same."""

from pathlib import Path

import numpy as np
import pytest

from tests.compiler.cases import CASES, inputs_for
from tests.compiler.models import golden
from tinydf.compiler.frontend.tflite import read_model
from tinydf.export.packing import pack
from tinydf.resources import MODELS

pytestmark = pytest.mark.export


def repacked(tflite: bytes) -> bytes:
    from tensorflow.lite.python import schema_py_generated

    return pack(schema_py_generated.ModelT.InitFromPackedBuf(tflite, 0))


def assert_same_content(first: bytes, second: bytes) -> None:
    one, other = read_model(first), read_model(second)
    assert one.operators == other.operators
    assert (one.inputs, one.outputs) == (other.inputs, other.outputs)
    for before, after in zip(one.tensors, other.tensors, strict=True):
        assert (before.name, before.shape, before.dtype) == (after.name, after.shape, after.dtype)
        assert before.quantisation == after.quantisation
        assert (before.data is None) == (after.data is None)
        if before.data is not None and after.data is not None:
            np.testing.assert_array_equal(before.data, after.data)


def test_an_exported_model_is_packed(tiny_export: Path) -> None:
    tflite = (tiny_export / "model.tflite").read_bytes()
    assert repacked(tflite) == tflite


@pytest.mark.parametrize("name", ["conv_2d", "depthwise_conv_2d", "fully_connected", "network"])
@pytest.mark.parametrize("seed", range(3))
def test_content_and_outputs_stay(name: str, seed: int) -> None:
    model = CASES[name](np.random.default_rng(seed))
    smaller = repacked(model)
    assert_same_content(model, smaller)
    inputs = inputs_for(np.random.default_rng(seed), read_model(model).tensors[read_model(model).inputs[0]].shape[1:])
    np.testing.assert_array_equal(golden(smaller, inputs), golden(model, inputs))


def test_data_is_aligned() -> None:
    """TFLite wants tensors' data at multiples of 16 bytes from the start of the file."""
    tflite = repacked((MODELS / "phinet-demo" / "model.tflite").read_bytes())
    large = [one.data for one in read_model(tflite).tensors if one.data is not None and one.data.nbytes > 64]
    assert large
    assert all(tflite.find(data.tobytes()) % 16 == 0 for data in large)

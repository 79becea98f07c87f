# SPDX-License-Identifier: Apache-2.0
"""torch and ONNX: run by torch, traced into ONNX or read from the user, run by onnxruntime."""

import io
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from torch import nn

from tinydf.errors import TinydfError

OPSET = 17
INPUT, OUTPUT = "image", "logits"
MAX_BYTES = 64 << 20
BATCH = 64
SIZES = range(16, 513)


def run_torch(model: nn.Module, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits by torch: float32 [images, size, size, 3] (NHWC) -> float32 [images, 2]."""
    batches = np.array_split(images.transpose(0, 3, 1, 2), -(-len(images) // BATCH))
    with torch.inference_mode():
        outputs = [model(torch.from_numpy(np.ascontiguousarray(one))).numpy() for one in batches]
    return np.concatenate(outputs)


def to_onnx(model: nn.Module, size: int) -> bytes:
    """Trace a detector into ONNX, opset 17, for one image: float [1, 3, size, size] -> logits float [1, 2].

    torch's older exporter is used on purpose: its graphs convert to the leaner TFLite, and it takes a second.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of being the older exporter, and of constants it leaves to onnx2tf to fold
        torch.onnx.export(
            model.eval(),
            (torch.zeros(1, 3, size, size),),
            buffer,
            opset_version=OPSET,
            dynamo=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
        )
    traced = onnx.load_from_string(buffer.getvalue())
    _close_batch(traced.graph.output[0])
    onnx.checker.check_model(traced)
    data: bytes = traced.SerializeToString()
    return data


def read_onnx(path: Path) -> tuple[bytes, int]:
    """Read a detector that the user brings; an open batch size is set to 1.

    Returns:
        The model's bytes, and the height and width of its input.

    Raises:
        TinydfError: if the file is too large, damaged, or is not a detector: one input, float [1, 3, size, size], RGB
            in [0, 1], and one output, two logits [1, 2], real and fake.
    """
    if path.stat().st_size > MAX_BYTES:
        raise TinydfError(f"{path} is larger than {MAX_BYTES >> 20} MiB", "no microcontroller holds such a model")
    try:
        data = path.read_bytes()
        model = onnx.load_from_string(data)
        closed = [_close_batch(value) for value in (*model.graph.input, *model.graph.output)]
        if any(closed):
            del model.graph.value_info[:]
            data = model.SerializeToString()
        model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        onnx.checker.check_model(model)
    except (DecodeError, ValueError, onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise TinydfError(f"{path} is not a complete .onnx ({_first_line(error)})") from None
    weights = {one.name for one in model.graph.initializer}
    inputs = [_shape(one) for one in model.graph.input if one.name not in weights]
    outputs = [_shape(one) for one in model.graph.output]
    size = inputs[0][-1] if inputs and inputs[0] else 0
    if inputs != [[1, 3, size, size]] or size not in SIZES or outputs != [[1, 2]]:
        raise TinydfError(
            f"{path} maps {_words(inputs)} to {_words(outputs)}",
            "a detector maps one image [1, 3, size, size] (16 to 512 pixels) to two logits [1, 2], real and fake",
        )
    return data, size


def run_onnx(model: bytes, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits by onnxruntime on the CPU: float32 [images, size, size, 3] (NHWC) -> float32 [images, 2].

    Raises:
        TinydfError: if onnxruntime refuses the model.
    """
    try:
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        outputs = [session.run(None, {name: one.transpose(2, 0, 1)[None]})[0][0] for one in images]
    except onnxruntime.capi.onnxruntime_pybind11_state.OnnxRuntimeException as error:
        raise TinydfError(f"onnxruntime refuses the model: {_first_line(error)}") from None
    return np.array(outputs, np.float32).reshape(-1, 2)


def _close_batch(value: onnx.ValueInfoProto) -> bool:
    """Set a first dimension to 1 if it is open, and say whether it was."""
    dimensions = value.type.tensor_type.shape.dim
    is_open = bool(dimensions) and not dimensions[0].dim_value
    if is_open:
        dimensions[0].dim_value = 1
    return is_open


def _shape(value: onnx.ValueInfoProto) -> list[int]:
    return [one.dim_value for one in value.type.tensor_type.shape.dim]


def _words(shapes: list[list[int]]) -> str:
    return " and ".join(map(str, shapes)) or "nothing"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]

# SPDX-License-Identifier: Apache-2.0
"""ONNX to TFLite, float and int8, in a process of its own: `python -m tinydf.export.converter DIRECTORY METHOD...`.

TensorFlow and onnx2tf are large, talk much and write into the working directory, so that they get a process and a
scratch directory to themselves. Reads DIRECTORY/model.onnx and DIRECTORY/calibration.npy (float32, NHWC), writes
DIRECTORY/model_float.tflite, DIRECTORY/model_METHOD.tflite for each way to take ranges (ranges.py), and, where there
is a DIRECTORY/ranges.json (name to lowest and highest value), DIRECTORY/model_learned.tflite by these. What is being
done goes line by line to standard output, everything that the packages say to standard error.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinydf.artefacts.parity import Method
from tinydf.export.packing import pack
from tinydf.export.ranges import METHODS, Range, Seen

ONNX2TF_SAMPLE = "calibration_image_sample_data_20x128x128x3_float32.npy"
"""onnx2tf fetches this file from the network unless it is there; it only looks at it, so that any values will do."""


def main(directory: Path, methods: Sequence[Method]) -> None:
    """Convert what lies in `directory`, to one int8 model for each method; and one by DIRECTORY/ranges.json."""
    stages = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    os.chdir(directory)
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    np.save(ONNX2TF_SAMPLE, np.zeros((20, 128, 128, 3), np.float32))
    stages.write("loading TensorFlow\n")
    import onnx2tf
    import onnx2tf.ops.Add
    import tensorflow

    _drop_slashes(Path("model.onnx"))
    tensorflow.gather = _transposing(tensorflow)
    onnx2tf.ops.Add.transpose_with_flexing_deterrence = _as_it_is
    stages.write("ONNX to TFLite (onnx2tf)\n")
    onnx2tf.convert(
        input_onnx_file_path="model.onnx",
        output_folder_path="saved",
        copy_onnx_input_output_names_to_tflite=True,
        non_verbose=True,
    )
    Path("saved/model_float32.tflite").rename("model_float.tflite")

    images = np.load("calibration.npy", mmap_mode="r")
    stages.write(f"int8 TFLite, ranges from {len(images)} training images\n")
    calibrated = _calibrated(tensorflow, images)
    seen = _seen(tensorflow, calibrated, images) if set(methods) - {"minmax"} else {}
    for method in methods:
        ranges = {name: one.range(method) for name, one in seen.items()}
        Path(f"model_{method}.tflite").write_bytes(_quantised(tensorflow, calibrated, ranges))
    if Path("ranges.json").is_file():
        ranges = json.loads(Path("ranges.json").read_text(encoding="utf-8"))
        Path("model_learned.tflite").write_bytes(_quantised(tensorflow, calibrated, ranges))


def _calibrated(tensorflow: Any, images: NDArray[np.float32]) -> bytes:
    """The float model as a .tflite that says of each tensor which values it had."""

    def representative_dataset() -> Iterator[list[NDArray[np.float32]]]:
        for image in images:
            yield [image[None]]

    converter = tensorflow.lite.TFLiteConverter.from_saved_model("saved")
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative_dataset
    converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tensorflow.int8
    converter._experimental_calibrate_only = True
    return bytes(converter.convert())


def _seen(tensorflow: Any, calibrated: bytes, images: NDArray[np.float32]) -> dict[str, Seen]:
    """Histograms of the tensors with a range, by name. Not of the input: its range is that of a pixel."""
    interpreter = tensorflow.lite.Interpreter(model_content=calibrated, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    places = {one["name"]: one["index"] for one in interpreter.get_tensor_details()}
    seen = {
        tensor.name.decode(): Seen(float(tensor.quantization.min[0]), float(tensor.quantization.max[0]))
        for tensor in _unpacked(calibrated).subgraphs[0].tensors
        if tensor.quantization is not None and tensor.quantization.min is not None
    }
    seen.pop(source["name"])
    for image in images:
        interpreter.set_tensor(source["index"], image[None])
        interpreter.invoke()
        for name, one in seen.items():
            one.add(interpreter.get_tensor(places[name]))
    return seen


def _quantised(tensorflow: Any, calibrated: bytes, ranges: dict[str, Range]) -> bytes:
    """Full int8, by the calibrated model's ranges, or by those given for tensors of that name."""
    from tensorflow.lite.python.convert import mlir_quantize

    model = _unpacked(calibrated)
    for tensor in model.subgraphs[0].tensors:
        if tensor.name.decode() in ranges:
            low, high = ranges[tensor.name.decode()]
            tensor.quantization.min, tensor.quantization.max = [low], [high]
    quantised = mlir_quantize(pack(model), input_data_type=tensorflow.int8, output_data_type=tensorflow.int8)
    return pack(_unpacked(bytes(quantised)))


def _unpacked(tflite: bytes) -> Any:
    """A .tflite as objects that can be changed."""
    from tensorflow.lite.python import schema_py_generated

    return schema_py_generated.ModelT.InitFromPackedBuf(tflite, 0)


def _drop_slashes(path: Path) -> None:
    """onnx2tf names group convolutions after their nodes, and TensorFlow refuses names that begin with a slash."""
    import onnx

    model = onnx.load(path)
    for node in model.graph.node:
        node.name = node.name.lstrip("/")
    onnx.save(model, path)


def _as_it_is(input_tensor: Any, **_: Any) -> Any:
    """Keeps onnx2tf from turning every sum of two pictures to NCHW, whence it may take rows for channels."""
    return input_tensor


def _transposing(tensorflow: Any) -> Callable[..., Any]:
    """tensorflow.gather that makes of a channel shuffle a transposition between two views, where int8 had a GATHER.

    A shuffle that is traced as reshapes and a transposition does not survive onnx2tf where a picture has as many rows
    as channels, for it tells NCHW from NHWC by sizes.
    """
    gather = tensorflow.gather

    def shuffle(params: Any, indices: Any, axis: int = 0, **options: Any) -> Any:
        order = indices.numpy() if hasattr(indices, "numpy") else np.zeros(0, np.int64)
        groups = _shuffled_groups(order)
        if groups == 1 or len(params.shape) != 4 or axis != 3 or order.size != params.shape[3]:
            return gather(params, indices, axis=axis, **options)
        _, height, width, channels = params.shape
        split = tensorflow.reshape(params, (1, height * width, groups, channels // groups))
        return tensorflow.reshape(tensorflow.transpose(split, (0, 1, 3, 2)), (1, height, width, channels))

    return shuffle


def _shuffled_groups(order: NDArray[np.int64]) -> int:
    """The number of groups that a shuffle of channels interleaves, or 1 if it is another choice of channels."""
    for groups in range(2, order.size):
        if order.size % groups == 0 and np.array_equal(order, np.arange(order.size).reshape(groups, -1).T.ravel()):
            return groups
    return 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), [one for one in METHODS if one in sys.argv[2:]])

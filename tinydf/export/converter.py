"""ONNX to TFLite, float and int8, in a process of its own: `python -m tinydf.export.converter DIRECTORY`.

TensorFlow and onnx2tf are large, talk much and write into the working directory, so that they get a process and a
scratch directory to themselves. Reads DIRECTORY/model.onnx and DIRECTORY/calibration.npy (float32, NHWC), writes
DIRECTORY/model_float.tflite and DIRECTORY/model.tflite. What is being done goes line by line to standard output,
everything that the packages say to standard error.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ONNX2TF_SAMPLE = "calibration_image_sample_data_20x128x128x3_float32.npy"
"""onnx2tf fetches this file from the network unless it is there; it only looks at it, so that any values will do."""


def main(directory: Path) -> None:
    """Convert what lies in `directory`."""
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

    def representative_dataset() -> Iterator[list[NDArray[np.float32]]]:
        for image in images:
            yield [image[None]]

    converter = tensorflow.lite.TFLiteConverter.from_saved_model("saved")
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative_dataset
    converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tensorflow.int8
    Path("model.tflite").write_bytes(converter.convert())


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
    main(Path(sys.argv[1]))

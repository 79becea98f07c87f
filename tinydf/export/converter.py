"""ONNX to TFLite, float and int8, in a process of its own: `python -m tinydf.export.converter DIRECTORY`.

TensorFlow and onnx2tf are large, talk much and write into the working directory, so that they get a process and a
scratch directory to themselves. Reads DIRECTORY/model.onnx and DIRECTORY/calibration.npy (float32, NHWC), writes
DIRECTORY/model_float.tflite and DIRECTORY/model.tflite. What is being done goes line by line to standard output,
everything that the packages say to standard error.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

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
    import tensorflow

    _drop_slashes(Path("model.onnx"))
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


if __name__ == "__main__":
    main(Path(sys.argv[1]))

# SPDX-License-Identifier: Apache-2.0
"""TFLite: converted from ONNX, or read from the user; checked to be full int8; run in floating point."""

import io
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinydf.artefacts.manifest import TensorSpec
from tinydf.artefacts.parity import Calibration, Method
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.ir.graph import Graph
from tinydf.errors import TinydfError
from tinydf.export.ranges import Range
from tinydf.files import write_json
from tinydf.resources import cache_directory

logger = logging.getLogger(__name__)

MAX_BYTES = 64 << 20
WHOLE_NUMBERS = {"int8", "int32", "int64", "bool"}
CHANNELS = {"CONV_2D": (1, 0), "DEPTHWISE_CONV_2D": (1, 3), "TRANSPOSE_CONV": (1, 0)}
"""Operators with a scale for each channel: place of their weights, and the dimension of these that counts channels."""


def convert(
    onnx: bytes,
    calibration: NDArray[np.float32],
    methods: Sequence[Method],
    ranges: Mapping[str, Range] | None = None,
) -> tuple[bytes, dict[Calibration, bytes]]:
    """Convert ONNX to TFLite through onnx2tf, in floating point and in full int8.

    Args:
        onnx: the model, for one image.
        calibration: float32 [images, size, size, 3], which the ranges of int8 tensors are taken from.
        methods: how they are taken.
        ranges: known ones, by the float model's names of the tensors; they make one model more, `learned`.

    Returns:
        The float .tflite, and an int8 one for each method.

    Raises:
        TinydfError: if the packages fail; what they said is kept in the cache, and the error says where.
    """
    log = cache_directory("export") / f"convert-{os.getpid()}.log"
    with tempfile.TemporaryDirectory(prefix="tinydf-export-") as scratch:
        directory = Path(scratch)
        (directory / "model.onnx").write_bytes(onnx)
        buffer = io.BytesIO()
        np.save(buffer, calibration)
        if ranges is not None:
            write_json(directory / "ranges.json", dict(ranges))
        (directory / "calibration.npy").write_bytes(buffer.getbuffer())  # np.save does not say that a disk is full
        status = _run_converter(directory, methods, log)
        if status != 0:
            raise TinydfError(f"conversion to TFLite failed ({_last_words(log, status)})", f"all of it is in {log}")
        log.unlink()
        wanted: list[Calibration] = [*methods]
        if ranges is not None:
            wanted.append("learned")
        models = {method: (directory / f"model_{method}.tflite").read_bytes() for method in wanted}
        return (directory / "model_float.tflite").read_bytes(), models


def run_float(tflite: bytes, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits by LiteRT: float32 [images, size, size, 3] -> float32 [images, 2]."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # the delegate announces itself on standard error
    interpreter = Interpreter(model_content=tflite, num_threads=1, experimental_op_resolver_type=plain)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    outputs = []
    for image in images:
        interpreter.set_tensor(source, image[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(result)[0])
    return np.array(outputs, np.float32).reshape(-1, 2)


class Int8Model:
    """What an int8 .tflite says about itself.

    Attributes:
        operators: the kinds of its operators, in order of execution.
        input: the input tensor.
        output: the output tensor.
    """

    def __init__(self, tflite: bytes, name: str, per_channel: bool = False) -> None:
        """Read a model and check that the device could run it.

        Args:
            tflite: the file's content.
            name: what to call it in errors.
            per_channel: whether convolutions must have a scale for each channel of their weights.

        Raises:
            TinydfError: if it is damaged, has a tensor that is not of whole numbers, or is not a detector.
        """
        try:
            graph = read_model(tflite)
        except TinydfError as error:
            raise TinydfError(f"{name}: {error.what}", error.hint) from None
        _check_whole_numbers(graph, name)
        if per_channel:
            _check_per_channel(graph, name)
        self.operators = [one.kind for one in graph.operators]
        self.input = _edge(graph, graph.inputs, f"{name}: input")
        self.output = _edge(graph, graph.outputs, f"{name}: output")
        square = len(self.input.shape) == 4 and self.input.shape[1] == self.input.shape[2]
        if not square or self.input.shape[::3] != (1, 3) or self.output.shape != (1, 2):
            raise TinydfError(
                f"{name} maps {list(self.input.shape)} to {list(self.output.shape)}",
                "a detector maps one image [1, size, size, 3] to two logits [1, 2], real and fake",
            )


def read_tflite(path: Path) -> bytes:
    """Read a .tflite that the user brings.

    Raises:
        TinydfError: if it is too large.
    """
    if path.stat().st_size > MAX_BYTES:
        raise TinydfError(f"{path} is larger than {MAX_BYTES >> 20} MiB", "no microcontroller holds such a model")
    return path.read_bytes()


def _run_converter(directory: Path, methods: Sequence[Method], log: Path) -> int:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [sys.executable, "-m", "tinydf.export.converter", str(directory), *methods]
    with (
        log.open("wb") as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, env=environment) as process,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                logger.info("%s", line.rstrip())
            return process.wait()
        except BaseException:
            process.kill()
            log.unlink()
            raise


def _last_words(log: Path, status: int) -> str:
    if status < 0:
        return f"ended by {signal.Signals(-status).name}"
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].strip()[:200] if lines else f"status {status}"


def _check_whole_numbers(graph: Graph, name: str) -> None:
    for index, tensor in enumerate(graph.tensors):
        if tensor.dtype not in WHOLE_NUMBERS:
            raise TinydfError(
                f"{name}: tensor {index} ({tensor.name}) is {tensor.dtype}",
                "the model must be int8 throughout, its input and output included",
            )


def _check_per_channel(graph: Graph, name: str) -> None:
    for operator in graph.operators:
        if operator.kind in CHANNELS:
            place, dimension = CHANNELS[operator.kind]
            weights = graph.tensors[operator.inputs[place] or 0]
            scales = len(weights.quantisation.scales) if weights.quantisation else 0
            if scales != weights.shape[dimension]:
                raise TinydfError(f"{name}: {operator} has {scales} scales for {weights.shape[dimension]} channels")


def _edge(graph: Graph, places: tuple[int, ...], what: str) -> TensorSpec:
    if len(places) != 1:
        raise TinydfError(f"{what}: there are {len(places)}", "a detector has one input and one output")
    tensor = graph.tensors[places[0]]
    if tensor.dtype != "int8" or tensor.quantisation is None or tensor.quantisation.per_channel:
        raise TinydfError(f"{what} is not int8 with one scale", "convert with int8 input and output")
    return TensorSpec(
        name=tensor.name,
        shape=tensor.shape,
        scale=tensor.quantisation.scale,
        zero_point=tensor.quantisation.zero_point,
    )

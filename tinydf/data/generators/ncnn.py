# SPDX-License-Identifier: Apache-2.0
"""ncnn models: a text of layers (.param) and their numbers one after another (.bin).

Format: ncnn's wiki, "param and model file structure" and "operation param weight table". Convolution weights begin
with a tag that says whether they are float32 (0) or float16 (0x01306B47); biases and PReLU slopes are plain float32.
"""

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from tinydf.data.generators.graph import Node, Numbers, TorchGraph
from tinydf.errors import TinydfError

MAGIC = "7767517"
FLOAT16_TAG = 0x01306B47
Arguments = dict[int, str]


def read(param: bytes, weights: bytes) -> TorchGraph:
    """Read an image-to-image network.

    Args:
        param: the .param text.
        weights: the .bin numbers.

    Returns:
        The graph; images are float32 NCHW, RGB in [0, 1].

    Raises:
        TinydfError: if a layer is of a kind that the packaged generators do not use.
    """
    lines = param.decode("ascii").splitlines()
    if lines[0].strip() != MAGIC:
        raise TinydfError("an ncnn .param does not begin with its magic number")
    numbers = Numbers(weights, "the weights of an ncnn model")
    nodes: list[Node] = []
    first = ""
    for line in filter(str.strip, lines[2:]):
        kind, name, input_count, output_count, *rest = line.split()
        inputs = tuple(rest[: int(input_count)])
        outputs = rest[int(input_count) : int(input_count) + int(output_count)]
        settings = (one.partition("=") for one in rest[int(input_count) + int(output_count) :])
        arguments = {int(key): value for key, _, value in settings}
        if kind == "Input":
            first = outputs[0]
        elif kind == "Split":
            nodes += [Node(inputs, output, _same) for output in outputs]
        else:
            nodes.append(Node(inputs, outputs[0], _function(kind, name, arguments, numbers)))
    numbers.end()
    return TorchGraph(nodes, input=first, output=nodes[-1].output)


def _function(kind: str, name: str, arguments: Arguments, numbers: Numbers) -> Callable[..., Tensor]:
    match kind:
        case "Convolution":
            return _convolution(arguments, numbers)
        case "PReLU":
            return functools.partial(F.prelu, weight=numbers.take(int(arguments[0])))
        case "PixelShuffle":
            return functools.partial(F.pixel_shuffle, upscale_factor=int(arguments[0]))
        case "Concat" if int(arguments.get(0, "0")) == 0:
            return _concatenate
        case "BinaryOp" if int(arguments.get(0, "0")) == 0:
            return _add
        case "Eltwise" if int(arguments[0]) == 1:
            first, second = map(float, arguments[-23301].split(",")[1:])
            return functools.partial(_weighted_sum, first=first, second=second)
        case "Interp" if arguments[0] == "1":
            return functools.partial(F.interpolate, scale_factor=_scale(arguments), mode="nearest")
        case "Interp" if arguments[0] == "3":
            return functools.partial(F.interpolate, scale_factor=_scale(arguments), mode="bicubic")
    raise TinydfError(f"ncnn layer {name} ({kind}) is of a kind that is not known")


def _convolution(arguments: Arguments, numbers: Numbers) -> Callable[..., Tensor]:
    """Keys: 0 output channels, 1 kernel, 4 padding, 6 weights, 9 activation (2: leaky ReLU, slope in -23310)."""
    channels, kernel, count = int(arguments[0]), int(arguments[1]), int(arguments[6])
    tag = int(numbers.take(1, torch.int32).item())
    dtype = torch.float16 if tag == FLOAT16_TAG else torch.float32
    weight = numbers.take(count, dtype, align=4).reshape(channels, -1, kernel, kernel)
    convolve = functools.partial(F.conv2d, weight=weight, bias=numbers.take(channels), padding=int(arguments[4]))
    if arguments.get(9) != "2":
        return convolve
    slope = float(arguments[-23310].split(",")[1])
    return lambda image: F.leaky_relu(convolve(image), slope)


def _scale(arguments: Arguments) -> tuple[float, float]:
    return float(arguments[1]), float(arguments[2])


def _same(image: Tensor) -> Tensor:
    return image


def _concatenate(*parts: Tensor) -> Tensor:
    return torch.cat(parts, dim=1)


def _add(one: Tensor, other: Tensor) -> Tensor:
    return one + other


def _weighted_sum(one: Tensor, other: Tensor, first: float, second: float) -> Tensor:
    return one * first + other * second

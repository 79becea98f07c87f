# SPDX-License-Identifier: Apache-2.0
"""Keras models in HDF5: a JSON topology and float32 arrays beside it."""

import functools
import io
import json
from collections.abc import Callable
from typing import Any

import h5py
import torch
import torch.nn.functional as F
from torch import Tensor

from tinydf.data.generators.graph import Node, TorchGraph
from tinydf.errors import TinydfError

# An encoder ends by flattening what its decoder begins by folding again in the same order: both are left out, and
# the pair runs on images of any size that three halvings divide.
_SHAPE_ONLY = {"InputLayer", "Flatten", "Reshape"}


def read(*models: bytes) -> TorchGraph:
    """Read models that follow one another (an encoder and its decoder) as one network.

    Args:
        models: the .h5 files, in order.

    Returns:
        The graph; images are float32 NCHW, RGB in [0, 1].

    Raises:
        TinydfError: if a file is damaged or a layer is of a kind that the packaged generators do not use.
    """
    nodes: list[Node] = []
    last = "image"
    for number, data in enumerate(models):
        try:
            with h5py.File(io.BytesIO(data), "r") as file:
                layers = json.loads(file.attrs["model_config"])["config"]["layers"]
                for layer in layers:
                    if layer["class_name"] not in _SHAPE_ONLY:
                        name = f"{number}/{layer['config']['name']}"
                        nodes.append(Node((last,), name, _function(layer, file["model_weights"])))
                        last = name
        except (OSError, KeyError) as error:
            raise TinydfError(
                f"a Keras model is damaged ({error})", "delete its package; it is fetched again"
            ) from None
    return TorchGraph(nodes, input="image", output=last)


def _function(layer: dict[str, Any], weights: Any) -> Callable[[Tensor], Tensor]:
    kind, config = layer["class_name"], layer["config"]
    match kind:
        case "Conv2D" | "Conv2DTranspose" if config["strides"] == [1, 1] and config["padding"] == "same":
            return _convolution(kind, config, weights)
        case "MaxPooling2D" if config["strides"] == config["pool_size"]:
            return functools.partial(F.max_pool2d, kernel_size=config["pool_size"])
        case "UpSampling2D" if config["interpolation"] == "nearest":
            return functools.partial(F.interpolate, scale_factor=tuple(map(float, config["size"])), mode="nearest")
    raise TinydfError(f"Keras layer {config['name']} ({kind}) is of a kind that is not known")


def _convolution(kind: str, config: dict[str, Any], weights: Any) -> Callable[[Tensor], Tensor]:
    group = weights[config["name"]][config["name"]]
    kernel = torch.from_numpy(group["kernel:0"][()])
    bias = torch.from_numpy(group["bias:0"][()])
    if kind == "Conv2D":
        convolve = functools.partial(F.conv2d, weight=kernel.permute(3, 2, 0, 1).contiguous(), bias=bias)
    else:  # Keras keeps [height, width, output, input]
        convolve = functools.partial(F.conv_transpose2d, weight=kernel.permute(3, 2, 0, 1).contiguous(), bias=bias)
    activate = {"relu": torch.relu, "sigmoid": torch.sigmoid}[config["activation"]]
    padding = config["kernel_size"][0] // 2
    return lambda image: activate(convolve(image, padding=padding))

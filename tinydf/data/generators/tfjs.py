# SPDX-License-Identifier: Apache-2.0
"""TensorFlow.js layers models: a JSON topology (Keras) and shards of raw float32."""

import functools
import json
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tinydf.data.generators.graph import Node, Numbers, TorchGraph
from tinydf.errors import TinydfError


def read(model_json: bytes, *shards: bytes) -> TorchGraph:
    """Read an image-to-image network.

    Args:
        model_json: `model.json`.
        shards: its weight shards, in the order of its manifest.

    Returns:
        The graph; images are float32 NCHW in the range that the package documents.

    Raises:
        TinydfError: if a layer is of a kind that the packaged generators do not use.
    """
    model = json.loads(model_json)
    numbers = Numbers(b"".join(shards), "the weights of a tfjs model")
    tensors = {}
    for entry in (one for group in model["weightsManifest"] for one in group["weights"]):
        if entry["dtype"] != "float32" or "quantization" in entry:
            raise TinydfError(f"tfjs weights {entry['name']} are not float32")
        shape = entry["shape"]
        tensors[entry["name"]] = numbers.take(torch.Size(shape).numel()).reshape(shape)
    numbers.end()
    layers = model["modelTopology"]["model_config"]["config"]
    nodes = []
    for layer in layers["layers"]:
        if layer["class_name"] != "InputLayer":
            inputs = tuple(source[0] for source in layer["inbound_nodes"][0])
            nodes.append(Node(inputs, layer["name"], _function(layer, tensors)))
    return TorchGraph(nodes, input=layers["input_layers"][0][0], output=layers["output_layers"][0][0])


def _function(layer: dict[str, Any], tensors: dict[str, Tensor]) -> functools.partial[Tensor]:
    kind, config, name = layer["class_name"], layer["config"], layer["name"]
    if kind == "Conv2D" and config["strides"] == [1, 1] and config["activation"] == "linear":
        kernel = tensors[f"{name}/kernel"].permute(3, 2, 0, 1).contiguous()  # HWIO -> OIHW
        return functools.partial(F.conv2d, weight=kernel, bias=tensors[f"{name}/bias"], padding="same")
    if kind == "Activation" and config["activation"] == "relu":
        return functools.partial(F.relu)
    if kind == "Concatenate":
        return functools.partial(_concatenate)
    if kind == "Add":
        return functools.partial(_add)
    if kind == "UpSampling2D" and config["interpolation"] == "nearest":
        return functools.partial(F.interpolate, scale_factor=tuple(map(float, config["size"])), mode="nearest")
    if kind == "MultiplyBeta":  # the package's own layer of this name, 0.2 in its source
        return functools.partial(torch.mul, other=0.2)
    if kind == "PixelShuffle2x":  # the package's own: tf.depthToSpace, whose channels come last
        return functools.partial(_depth_to_space)
    raise TinydfError(f"tfjs layer {name} ({kind}) is of a kind that is not known")


def _concatenate(*parts: Tensor) -> Tensor:
    return torch.cat(parts, dim=1)


def _add(*parts: Tensor) -> Tensor:
    return torch.stack(parts).sum(dim=0) if len(parts) > 2 else parts[0] + parts[1]


def _depth_to_space(image: Tensor) -> Tensor:
    """tf.depthToSpace by 2: channels are ordered [row, column, colour], torch's pixel_shuffle has the colour first."""
    batch, channels, height, width = image.shape
    ordered = image.reshape(batch, 4, channels // 4, height, width).transpose(1, 2)
    return F.pixel_shuffle(ordered.reshape(batch, channels, height, width), 2)

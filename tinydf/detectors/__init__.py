# SPDX-License-Identifier: Apache-2.0
"""The detectors by name. Each takes NCHW float images in [0, 1] and gives two logits, real and fake."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from pydantic import BaseModel, ValidationError
from torch import nn

from tinydf.detectors import micronet, mobilenet_v2, mobilenet_v3, phinet, resnet, resnet_8
from tinydf.errors import TinydfError
from tinydf.files import first_problem


class Detector(NamedTuple):
    """How a detector is described in a recipe, and built from that.

    `memory` is the order of images and weights in which a CPU trains it fastest: `make bench-train` measures.
    """

    options: type[BaseModel]
    build: Callable[[Any], nn.Module]
    memory: torch.memory_format = torch.channels_last


DETECTORS = {
    # Its shuffles and shifts move whole channels.
    "micronet": Detector(micronet.Options, micronet.MicroNet, torch.contiguous_format),
    "mobilenet-v2": Detector(mobilenet_v2.Options, mobilenet_v2.MobileNetV2),
    "mobilenet-v3-small": Detector(mobilenet_v3.Options, mobilenet_v3.MobileNetV3Small),
    "phinet": Detector(phinet.Options, phinet.PhiNet),
    "resnet": Detector(resnet.Options, resnet.ResNet),
    "resnet-8": Detector(resnet_8.Options, resnet_8.ResNet8),
}


def build(name: str, options: dict[str, Any]) -> nn.Module:
    """Build a detector with fresh weights from torch's random generator.

    Args:
        name: a key of `DETECTORS`.
        options: what the recipe says about it; each detector has its own schema.

    Raises:
        TinydfError: if there is no such detector, or an option is unknown or out of its range.
    """
    checked = check_options(name, options)
    return DETECTORS[name].build(checked)


def check_options(name: str, options: dict[str, Any]) -> BaseModel:
    """A detector's options by its own schema; raises as `build` does."""
    if name not in DETECTORS:
        raise TinydfError(f"detector {name!r} is not known", f"choose one of {', '.join(DETECTORS)}")
    try:
        return DETECTORS[name].options.model_validate(options)
    except ValidationError as error:
        raise TinydfError(f"detector {name}: {first_problem(error)}", "options: docs/reference/recipes.md") from None

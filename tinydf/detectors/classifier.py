# SPDX-License-Identifier: Apache-2.0
"""The last layer of a detector, under any name: what comes out of the layers before it are its features."""

from torch import nn

from tinydf.errors import TinydfError


def last_layer(detector: nn.Module) -> str:
    """The name of the layer that gives the two logits: a linear layer, or a 1x1 convolution of what has been pooled.

    Raises:
        TinydfError: if the last layer with weights is none.
    """
    weighted = [(name, one) for name, one in detector.named_modules() if isinstance(one, nn.Conv2d | nn.Linear)]
    if not weighted or weighted[-1][1].weight.shape[0] != 2:
        raise TinydfError(f"{type(detector).__name__} does not end in a layer of two logits", "it has no features")
    return str(weighted[-1][0])


def take_last_layer(detector: nn.Module) -> int:
    """Take the last layer off, so that the detector gives features, float [batch, features]; says how many."""
    name = last_layer(detector)
    features = int(detector.get_submodule(name).weight.shape[1])
    holder, _, own_name = name.rpartition(".")
    setattr(detector.get_submodule(holder), own_name, nn.Identity())
    return features


def freeze_features(detector: nn.Module) -> None:
    """Let the last layer alone learn."""
    detector.requires_grad_(False)
    detector.get_submodule(last_layer(detector)).requires_grad_(True)

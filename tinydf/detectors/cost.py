# SPDX-License-Identifier: Apache-2.0
"""What a detector costs, counted by running it once."""

import torch
from torch import Tensor, nn


def count_parameters(model: nn.Module) -> int:
    """How many numbers the model holds, normalisation statistics apart."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_macs(model: nn.Module, size: int) -> int:
    """Multiply-accumulates of all convolutions for one image of `size` x `size` pixels."""
    total = 0

    def count(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        assert isinstance(module, nn.Conv2d)
        total += output[0].numel() * module.weight[0].numel()

    hooks = [one.register_forward_hook(count) for one in model.modules() if isinstance(one, nn.Conv2d)]
    training = model.training
    with torch.no_grad():
        model.eval()(torch.zeros(1, 3, size, size))
    model.train(training)
    for hook in hooks:
        hook.remove()
    return total

"""Small networks that self-supervised methods put behind an encoder, and throw away when it has learned."""

from torch import nn


def perceptron(inputs: int, hidden: int, outputs: int, layers: int, normalised: bool) -> nn.Sequential:
    """Linear layers with batch normalisation and ReLU between them; `normalised` is for the last one, without ReLU."""
    parts: list[nn.Module] = []
    for _ in range(layers - 1):
        parts += [nn.Linear(inputs, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU()]
        inputs = hidden
    if normalised:
        return nn.Sequential(*parts, nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs, affine=False))
    return nn.Sequential(*parts, nn.Linear(inputs, outputs))

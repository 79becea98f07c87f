# SPDX-License-Identifier: Apache-2.0
"""What all self-supervised methods share: an encoder, a projector behind it, and a loss of two views."""

import torch.nn.functional as F
from torch import Tensor, nn


class SelfSupervised(nn.Module):  # type: ignore[misc]
    """A method around an encoder: `forward(first, second)` is the loss of a batch of pairs of views.

    Views are float [batch, 3, size, size]; the loss is a scalar. When it has learned, all but the encoder goes.
    """

    def __init__(self, encoder: nn.Module, projector: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector

    def embed(self, images: Tensor) -> Tensor:
        """Embeddings, float [batch, embedding], of images, float [batch, 3, size, size]: collapse shows in them."""
        embeddings: Tensor = self.projector(self.encoder(images))
        return embeddings

    def after_step(self, progress: float) -> None:
        """What follows a step of the optimiser; `progress` is the part of all steps that is done, in (0, 1]."""


def perceptron(inputs: int, hidden: int, outputs: int, layers: int) -> nn.Sequential:
    """Linear layers with batch normalisation and ReLU between them."""
    parts: list[nn.Module] = []
    for _ in range(layers - 1):
        parts += [nn.Linear(inputs, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU()]
        inputs = hidden
    return nn.Sequential(*parts, nn.Linear(inputs, outputs))


def disagreement(foretold: Tensor, came: Tensor) -> Tensor:
    """One minus the cosine between predictions and embeddings, float [batch, embedding] each, on the mean."""
    return (1 - F.cosine_similarity(foretold, came)).mean()


def off_diagonal(square: Tensor) -> Tensor:
    """A square matrix, float [n, n], with zeros on its diagonal."""
    return square - square.diag().diag()

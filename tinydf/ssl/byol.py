# SPDX-License-Identifier: Apache-2.0
"""BYOL (Grill et al. 2020, arXiv 2006.07733): foretell what a slow copy of oneself makes of the other view."""

import copy
import math

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from tinydf.ssl.method import SelfSupervised, disagreement, perceptron


class Options(BaseModel):
    """What a recipe says about BYOL."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    embedding: int = Field(default=128, ge=2, le=8192)
    hidden: int = Field(default=256, ge=2, le=8192)
    momentum: float = Field(default=0.99, ge=0, le=1, description="of the copy, at first; it rises to 1")


class BYOL(SelfSupervised):
    """Projector and predictor of two layers each; the copy (the paper's target) has no predictor."""

    def __init__(self, encoder: nn.Module, features: int, options: Options) -> None:
        super().__init__(encoder, perceptron(features, options.hidden, options.embedding, layers=2))
        self.predictor = perceptron(options.embedding, options.hidden, options.embedding, layers=2)
        self.target = nn.Sequential(copy.deepcopy(self.encoder), copy.deepcopy(self.projector)).requires_grad_(False)
        self.momentum = options.momentum

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        with torch.no_grad():
            targets = self.target(first), self.target(second)
        foretold = self.predictor(self.embed(second)), self.predictor(self.embed(first))
        return 2 * (disagreement(foretold[0], targets[0]) + disagreement(foretold[1], targets[1]))

    def after_step(self, progress: float) -> None:
        """Let the copy follow, slower and slower (section 3.1)."""
        momentum = 1 - (1 - self.momentum) * (math.cos(math.pi * progress) + 1) / 2
        own = [*self.encoder.parameters(), *self.projector.parameters()]
        with torch.no_grad():
            for followed, following in zip(own, self.target.parameters(), strict=True):
                following.lerp_(followed, 1 - momentum)

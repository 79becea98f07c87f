# SPDX-License-Identifier: Apache-2.0
"""SimCLR (Chen, Kornblith, Norouzi, Hinton 2020, arXiv 2002.05709): find the other view among all of the batch."""

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from tinydf.ssl.method import SelfSupervised, perceptron


class Options(BaseModel):
    """What a recipe says about SimCLR."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    embedding: int = Field(default=128, ge=2, le=8192)
    hidden: int = Field(default=256, ge=2, le=8192)
    temperature: float = Field(default=0.2, gt=0, le=10)


class SimCLR(SelfSupervised):
    """A projector of two layers, as in the paper."""

    def __init__(self, encoder: nn.Module, features: int, options: Options) -> None:
        super().__init__(encoder, perceptron(features, options.hidden, options.embedding, layers=2))
        self.temperature = options.temperature

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        first, second = self.embed(torch.cat([first, second])).chunk(2)
        return contrast(first, second, self.temperature)


def contrast(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """NT-Xent (equation 1): cross-entropy of naming each embedding's partner among the 2 * batch - 1 others.

    Embeddings are float [batch, embedding] each; the order of the two does not matter.
    """
    both = F.normalize(torch.cat([first, second]), dim=1)
    likeness = (both @ both.T / temperature).fill_diagonal_(float("-inf"))
    partners = torch.arange(len(both), device=both.device).roll(len(first))
    return F.cross_entropy(likeness, partners)

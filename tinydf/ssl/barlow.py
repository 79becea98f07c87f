# SPDX-License-Identifier: Apache-2.0
"""Barlow Twins (Zbontar, Jing, Misra, LeCun, Deny 2021, arXiv 2103.03230): make the views' correlation the identity."""

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from tinydf.ssl.method import SelfSupervised, off_diagonal, perceptron


class Options(BaseModel):
    """What a recipe says about Barlow Twins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    embedding: int = Field(default=512, ge=2, le=8192)
    redundancy: float = Field(default=0.005, ge=0, description="the paper's lambda, of the terms off the diagonal")


class BarlowTwins(SelfSupervised):
    """A projector of three layers, as in the paper."""

    def __init__(self, encoder: nn.Module, features: int, options: Options) -> None:
        super().__init__(encoder, perceptron(features, options.embedding, options.embedding, layers=3))
        self.redundancy = options.redundancy

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        first, second = self.embed(torch.cat([first, second])).chunk(2)
        correlation = correlate(first, second)
        return (1 - correlation.diag()).square().sum() + self.redundancy * off_diagonal(correlation).square().sum()


def correlate(first: Tensor, second: Tensor) -> Tensor:
    """Each coordinate of the one's correlation over the batch with each of the other's (equation 2).

    Embeddings are float [batch, embedding]; gives float [embedding, embedding] in [-1, 1].
    """
    first, second = (
        (one - one.mean(dim=0)) / torch.sqrt(one.var(dim=0, correction=0) + torch.finfo(one.dtype).eps)
        for one in (first, second)
    )
    return first.T @ second / len(first)

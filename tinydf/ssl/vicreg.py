# SPDX-License-Identifier: Apache-2.0
"""VICReg (Bardes, Ponce, LeCun 2022, arXiv 2105.04906): agree, keep every coordinate varied, and all uncorrelated."""

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from tinydf.ssl.method import SelfSupervised, off_diagonal, perceptron

EPSILON = 1e-4


class Options(BaseModel):
    """What a recipe says about VICReg; the weights are the paper's lambda, mu and nu."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    embedding: int = Field(default=512, ge=2, le=8192)
    invariance: float = Field(default=25.0, ge=0)
    variance: float = Field(default=25.0, ge=0)
    covariance: float = Field(default=1.0, ge=0)


class VICReg(SelfSupervised):
    """A projector (the paper's expander) of three layers."""

    def __init__(self, encoder: nn.Module, features: int, options: Options) -> None:
        super().__init__(encoder, perceptron(features, options.embedding, options.embedding, layers=3))
        self.options = options

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        first, second = self.embed(torch.cat([first, second])).chunk(2)
        return (
            self.options.invariance * F.mse_loss(first, second)
            + self.options.variance * (lack_of_variance(first) + lack_of_variance(second))
            + self.options.covariance * (covariance(first) + covariance(second))
        )


def lack_of_variance(embeddings: Tensor) -> Tensor:
    """How far the coordinates' standard deviations are below 1, on the mean (equations 1 and 2)."""
    return F.relu(1 - torch.sqrt(embeddings.var(dim=0) + EPSILON)).mean()


def covariance(embeddings: Tensor) -> Tensor:
    """Squares of the coordinates' covariances with each other, summed, by coordinate (equations 3 and 4)."""
    return off_diagonal(torch.cov(embeddings.T)).square().sum() / embeddings.shape[1]

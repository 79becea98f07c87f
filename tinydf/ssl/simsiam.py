# SPDX-License-Identifier: Apache-2.0
"""SimSiam (Chen, He 2021, arXiv 2011.10566): foretell one's own embedding of the other view, held still meanwhile."""

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from tinydf.ssl.method import SelfSupervised, disagreement, perceptron


class Options(BaseModel):
    """What a recipe says about SimSiam."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    embedding: int = Field(default=256, ge=2, le=8192)
    bottleneck: int = Field(default=64, ge=2, le=8192, description="width of the predictor's hidden layer")


class SimSiam(SelfSupervised):
    """A projector of three normalised layers and a predictor with a bottleneck, as in the paper's section 3."""

    def __init__(self, encoder: nn.Module, features: int, options: Options) -> None:
        width = options.embedding
        projector = nn.Sequential(perceptron(features, width, width, layers=3), nn.BatchNorm1d(width, affine=False))
        super().__init__(encoder, projector)
        self.predictor = perceptron(width, options.bottleneck, width, layers=2)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        first, second = self.embed(first), self.embed(second)
        return (
            disagreement(self.predictor(first), second.detach()) + disagreement(self.predictor(second), first.detach())
        ) / 2

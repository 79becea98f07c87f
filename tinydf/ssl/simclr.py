"""SimCLR (Chen, Kornblith, Norouzi, Hinton 2020, arXiv 2002.05709): find the other view among all of the batch."""

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from tinydf.ssl.heads import perceptron


class Options(BaseModel):
    """What a recipe says about SimCLR."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    embedding: int = Field(default=128, ge=2, le=8192)
    hidden: int = Field(default=256, ge=2, le=8192)
    temperature: float = Field(default=0.2, gt=0, le=10)


class SimCLR(nn.Module):  # type: ignore[misc]
    """Projects features, float [batch, features], and contrasts pairs of views."""

    def __init__(self, encoder: nn.Module, features: int, options: Options) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = perceptron(features, options.hidden, options.embedding, layers=2, normalised=False)
        self.temperature = options.temperature

    def embed(self, images: Tensor) -> Tensor:
        """Embeddings, float [batch, embedding], in which collapse shows."""
        embeddings: Tensor = self.projector(self.encoder(images))
        return embeddings

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The loss of a batch of pairs, views float [batch, 3, size, size] each."""
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

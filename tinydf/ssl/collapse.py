# SPDX-License-Identifier: Apache-2.0
"""Whether a self-supervised network still tells pictures apart, or gives all of them the same embedding."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

LEAST_SPREAD = 0.05
LEAST_RANK = 2.0


class Spread(NamedTuple):
    """How embeddings lie on the unit sphere.

    Attributes:
        deviation: mean standard deviation of a coordinate, times the square root of how many there are: 1 if they lie
            evenly on the sphere, 0 if all are one point (Chen, He 2021, arXiv 2011.10566, section 4.1).
        rank: effective rank around their mean, the exponential of the entropy of the singular values' shares: 1 if all
            lie on one line (Roy, Vetterli 2007; as a measure of pre-training Garrido et al. 2023, arXiv 2210.02885).
    """

    deviation: float
    rank: float

    @property
    def collapsed(self) -> bool:
        """Whether nothing can be learned from such embeddings any more."""
        return self.deviation < LEAST_SPREAD or self.rank < LEAST_RANK


def measure_spread(embeddings: Tensor) -> Spread:
    """The spread of some pictures' embeddings, float [pictures, coordinates]."""
    points = F.normalize(embeddings.double(), dim=1)
    deviation = points.std(dim=0, correction=0).mean() * points.shape[1] ** 0.5
    values = torch.linalg.svdvals(points - points.mean(dim=0))
    tiny = torch.finfo(values.dtype).tiny
    shares = values / (values.sum() + tiny) + tiny
    return Spread(float(deviation), float(torch.exp(-(shares * shares.log()).sum())))

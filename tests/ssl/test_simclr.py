# SPDX-License-Identifier: Apache-2.0
"""SimCLR's loss against the paper's equation, written out pair by pair."""

import math

import pytest
import torch

from tinydf.ssl.simclr import contrast


def test_the_loss_is_equation_1_over_all_positive_pairs() -> None:
    first, second = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0))
    both = [*first, *second]
    total = 0.0
    for one in range(10):
        partner = (one + 5) % 10
        similar = [math.exp(torch.cosine_similarity(both[one], other, dim=0) / 0.5) for other in both]
        total -= math.log(similar[partner] / (sum(similar) - similar[one]))
    assert float(contrast(first, second, 0.5)) == pytest.approx(total / 10, rel=1e-5)


def test_partners_that_agree_and_strangers_that_do_not_cost_little() -> None:
    embeddings = torch.eye(6)
    assert float(contrast(embeddings, embeddings, 0.05)) < 1e-6
    assert float(contrast(embeddings, embeddings.roll(1, 0), 0.05)) > 10

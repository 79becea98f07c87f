# SPDX-License-Identifier: Apache-2.0
"""VICReg's terms by hand, and their weights."""

import pytest
import torch
from torch import nn

from tinydf.ssl.vicreg import Options, VICReg, covariance, lack_of_variance


def test_variance_is_wanting_below_one_only() -> None:
    varied = torch.tensor([[0.0, 0.0], [3.0, 0.0], [6.0, 0.0]])
    assert float(lack_of_variance(varied)) == pytest.approx((0 + 1 - 1e-4**0.5) / 2)


def test_covariance_counts_each_pair_of_coordinates_twice() -> None:
    both = torch.tensor([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    assert float(covariance(both)) == pytest.approx(2 * 2.0**2 / 2)
    assert float(covariance(torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]))) == 0


def test_the_loss_adds_the_terms_by_their_weights() -> None:
    torch.manual_seed(0)
    views = torch.rand(2, 6, 3, 2, 2)
    model = VICReg(nn.Flatten(), 12, Options(embedding=8, invariance=2, variance=3, covariance=5)).eval()
    first, second = (model.embed(view) for view in views)
    expected = (
        2 * (first - second).square().mean()
        + 3 * (lack_of_variance(first) + lack_of_variance(second))
        + 5 * (covariance(first) + covariance(second))
    )
    assert float(model(*views).detach()) == pytest.approx(float(expected.detach()), rel=1e-4)

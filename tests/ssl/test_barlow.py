# SPDX-License-Identifier: Apache-2.0
"""Barlow Twins: the correlation is NumPy's, and its diagonal and the rest are weighed as the paper says."""

import numpy as np
import pytest
import torch
from torch import nn

from tinydf.ssl.barlow import BarlowTwins, Options, correlate


def test_the_correlation_is_numpys() -> None:
    first, second = torch.randn(2, 20, 3, generator=torch.Generator().manual_seed(0))
    expected = np.corrcoef(first.numpy(), second.numpy(), rowvar=False)[:3, 3:]
    assert np.allclose(correlate(first, second).numpy(), expected, atol=1e-5)


def test_the_loss_is_equation_1() -> None:
    torch.manual_seed(0)
    views = torch.rand(2, 6, 3, 2, 2)
    model = BarlowTwins(nn.Flatten(), 12, Options(embedding=4, redundancy=0.1)).eval()
    correlation = correlate(*(model.embed(view) for view in views)).detach().numpy()
    rest = (correlation**2).sum() - (np.diag(correlation) ** 2).sum()
    loss = model(*views).item()
    assert loss == pytest.approx(((1 - np.diag(correlation)) ** 2).sum() + 0.1 * rest, rel=1e-4)


def test_a_constant_coordinate_is_no_division_by_zero() -> None:
    assert torch.isfinite(correlate(torch.ones(4, 2), torch.ones(4, 2))).all()

# SPDX-License-Identifier: Apache-2.0
"""BYOL: only the network itself learns, and its copy follows slower and slower."""

import pytest
import torch
from torch import nn

from tinydf.ssl.byol import BYOL, Options


@pytest.fixture
def model() -> BYOL:
    torch.manual_seed(0)
    return BYOL(nn.Flatten(), 12, Options(embedding=4, hidden=8, momentum=0.9))


def test_the_loss_is_the_normalised_squared_distance_both_ways(model: BYOL) -> None:
    """Equation 2 and its mirror, with the views exchanged."""
    first, second = torch.rand(2, 6, 3, 2, 2, generator=torch.Generator().manual_seed(1))
    expected = 0.0
    for one, other in ((first, second), (second, first)):
        foretold, came = model.predictor(model.embed(one)), model.target(other)
        unit = foretold / foretold.norm(dim=1, keepdim=True) - came / came.norm(dim=1, keepdim=True)
        expected += unit.square().sum(dim=1).mean().item()
    assert model(first, second).item() == pytest.approx(expected, rel=1e-4)


def test_the_copy_has_no_gradient_and_follows_with_its_momentum(model: BYOL) -> None:
    views = torch.rand(2, 6, 3, 2, 2)
    model(*views).backward()
    assert all(one.grad is None for one in model.target.parameters())
    assert all(one.grad is not None for one in model.projector.parameters())
    own, copied = next(model.projector.parameters()), next(model.target.parameters())
    before = copied.clone()
    with torch.no_grad():
        own.add_(1.0)
    model.after_step(0.5)
    assert torch.allclose(copied - before, torch.full_like(before, 0.05), atol=1e-6)
    before = copied.clone()
    model.after_step(1.0)
    assert torch.equal(copied, before)

# SPDX-License-Identifier: Apache-2.0
"""Collapse is told from healthy embeddings, and from those of a network that has only a direction left."""

import pytest
import torch

from tinydf.ssl.collapse import measure_spread


def test_an_even_spread_has_deviation_one_and_full_rank() -> None:
    spread = measure_spread(torch.randn(2000, 16, generator=torch.Generator().manual_seed(0)))
    assert spread.deviation == pytest.approx(1, abs=0.02)
    assert spread.rank == pytest.approx(16, abs=0.5)
    assert not spread.collapsed


def test_one_point_is_collapsed() -> None:
    spread = measure_spread(torch.ones(50, 16) + 1e-3 * torch.randn(50, 16))
    assert spread.deviation < 0.01
    assert spread.collapsed


def test_one_line_is_collapsed_though_its_points_are_apart() -> None:
    signs = torch.tensor([1.0, -1.0]).repeat(25)[:, None]
    spread = measure_spread(signs * torch.arange(1.0, 17))
    assert spread.deviation > 0.5
    assert spread.rank == pytest.approx(1, abs=1e-6)
    assert spread.collapsed


def test_an_empty_embedding_is_collapsed() -> None:
    assert measure_spread(torch.zeros(50, 16)).collapsed

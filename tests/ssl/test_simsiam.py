# SPDX-License-Identifier: Apache-2.0
"""SimSiam: the symmetric loss of the paper's algorithm 1, with the other side held still."""

import pytest
import torch
from torch import nn

from tinydf.ssl.simsiam import Options, SimSiam


def test_the_loss_is_algorithm_1_above_its_least_value() -> None:
    torch.manual_seed(0)
    model = SimSiam(nn.Flatten(), 12, Options(embedding=8, bottleneck=4))
    views = torch.rand(2, 6, 3, 2, 2)
    embedded = [model.embed(view) for view in views]
    foretold = [model.predictor(one) for one in embedded]
    near = [torch.cosine_similarity(foretold[one], embedded[1 - one]).mean() for one in range(2)]
    loss = model(*views)
    assert loss.item() == pytest.approx(1 - sum(one.item() for one in near) / 2, rel=1e-4)
    own = torch.autograd.grad(loss, next(model.projector.parameters()))[0]
    held = 1 - sum(torch.cosine_similarity(foretold[one], embedded[1 - one].detach()).mean() for one in range(2)) / 2
    assert torch.allclose(own, torch.autograd.grad(held, next(model.projector.parameters()))[0], atol=1e-6)

# SPDX-License-Identifier: Apache-2.0
"""The averaged weights: what the arithmetic says they are, apart from what learns, and no others without averaging."""

import torch
from torch import Tensor, nn

from tinydf.train.distributed import ALONE
from tinydf.train.recipe import Training
from tinydf.train.trainer import Trainer

STEPS = 40


def _learn(average: float) -> tuple[Trainer, list[dict[str, Tensor]]]:
    """A trainer after some steps, and the weights that each step came to."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    trainer = Trainer(model, Training(epochs=1, learning_rate=0.01), STEPS, ALONE, average)
    images, passed = torch.rand(8, 3, 8, 8), []
    for _ in range(STEPS):
        trainer.step(lambda: trainer.forward(images).square().mean())
        passed.append({name: value.clone() for name, value in model.state_dict().items()})
    return trainer, passed


def test_averaged_weights_follow_all_steps() -> None:
    trainer, passed = _learn(average=0.75)
    torch.manual_seed(0)
    expected = nn.Conv2d(3, 4, 3).weight.detach().double()
    for step, weights in enumerate(passed, 1):
        stays = min(0.75, (1 + step) / (10 + step))
        expected = stays * expected + (1 - stays) * weights["0.weight"].double()
    averaged = trainer.averaged.state_dict()
    torch.testing.assert_close(averaged["0.weight"].double(), expected, rtol=0, atol=1e-6)
    assert not torch.allclose(averaged["0.weight"], passed[-1]["0.weight"], rtol=0, atol=1e-4)
    assert not torch.equal(averaged["1.running_mean"], passed[-1]["1.running_mean"])
    assert averaged["1.num_batches_tracked"] == STEPS


def test_averaging_changes_nothing_of_what_learns() -> None:
    _, alone = _learn(average=0.0)
    trainer, followed = _learn(average=0.75)
    assert all(torch.equal(alone[-1][name], value) for name, value in followed[-1].items())
    assert trainer.averaged is not trainer.model


def test_without_averaging_the_model_itself_is_judged() -> None:
    trainer, _ = _learn(average=0.0)
    assert trainer.averaged is trainer.model

"""A model with what makes it learn: AdamW under one cosine cycle, a step at a time."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR

from tinydf.errors import TinydfError


class Schedule(Protocol):
    """What a recipe says about learning: its tables `training` and `pretraining` both do."""

    @property
    def epochs(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def warm_up(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...


class Learner:
    """The live objects of a training; `steps` is how many an epoch has."""

    def __init__(self, model: nn.Module, how: Schedule, steps: int) -> None:
        self.model = model
        self.optimiser = torch.optim.AdamW(_groups(model, how.weight_decay), lr=how.learning_rate)
        total = max(2, steps * how.epochs)
        self.schedule = OneCycleLR(self.optimiser, how.learning_rate, total_steps=total, pct_start=how.warm_up)

    def step(self, loss: Callable[[], Tensor]) -> float:
        """Make one step down the loss, and give it.

        Raises:
            TinydfError: if it is no number.
        """
        value = loss()
        self.optimiser.zero_grad()
        value.backward()
        self.optimiser.step()
        self.schedule.step()
        if not torch.isfinite(value):
            raise TinydfError(f"the loss is {value.item()}", "lower learning_rate in the recipe")
        return float(value.item())


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weight decay on convolutions and linear layers alone, not on normalisation and biases."""
    learned = [one for one in model.parameters() if one.requires_grad]
    return [
        {"params": [one for one in learned if one.ndim > 1], "weight_decay": weight_decay},
        {"params": [one for one in learned if one.ndim <= 1], "weight_decay": 0.0},
    ]


def seed_epoch(seed: int, epoch: int) -> None:
    """Seed what torch draws in an epoch (dropout), so that a resumed epoch draws the same."""
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))

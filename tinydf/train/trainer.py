# SPDX-License-Identifier: Apache-2.0
"""A model with what makes it learn: AdamW under one cosine cycle, a step at a time, alone or with other processes."""

import copy
from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import get_ema_multi_avg_fn

from tinydf.errors import TinydfError
from tinydf.train.distributed import DistributedContext
from tinydf.train.recipe import Precision


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
    @property
    def precision(self) -> Precision: ...


class Trainer:
    """The live objects of a training.

    On a GPU, the forward pass computes in half precision where torch holds that safe (autocast), and the loss is scaled
    so that small gradients survive it (Micikevicius et al. 2018, arXiv 1710.03740). On a CPU it computes in float32, or
    under autocast in bfloat16, whose gradients need no scaling, if the recipe says so.

    Attributes:
        model: what learns.
        forward: what to call to compute a loss; other processes' gradients come in through it.
        averaged: what to judge and to save: the model itself, or one whose weights follow its own slowly.
    """

    def __init__(
        self, model: nn.Module, how: Schedule, steps: int, context: DistributedContext, average: float = 0.0
    ) -> None:
        """Begin with fresh optimiser state.

        Args:
            model: what learns.
            how: what the recipe says.
            steps: how many an epoch has.
            context: what to compute on, and with which other processes.
            average: the part of the averaged weights that stays at each step; 0 for none.
        """
        self.model = model.to(context.device)
        self.average = average
        self.averaged = copy.deepcopy(self.model) if average else self.model
        self.forward = context.join(self.model)
        self.optimiser = torch.optim.AdamW(_groups(model, how.weight_decay), lr=how.learning_rate)
        total = max(2, steps * how.epochs)
        self.schedule = OneCycleLR(self.optimiser, how.learning_rate, total_steps=total, pct_start=how.warm_up)
        self.device = context.device.type
        self.scaler = torch.amp.GradScaler(self.device, enabled=self.device == "cuda")
        self.half = torch.float16 if self.scaler.is_enabled() else torch.bfloat16
        self.mixed = self.scaler.is_enabled() or how.precision == "bfloat16"

    def step(self, loss: Callable[[], Tensor]) -> float:
        """Make one step down the loss, and give it.

        Raises:
            TinydfError: if it is no number.
        """
        with torch.autocast(self.device, self.half, enabled=self.mixed):
            value = loss()
        self.optimiser.zero_grad()
        self.scaler.scale(value).backward()
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.schedule.step()
        if self.average:
            self._follow()
        if not torch.isfinite(value):
            raise TinydfError(f"the loss is {value.item()}", "lower learning_rate in the recipe")
        return float(value.item())

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _follow(self) -> None:
        """Draw the averaged weights, and the statistics of batch normalisation, towards the present ones.

        An exponential moving average (Polyak, Juditsky 1992), quick at first so that it forgets where they began.
        """
        step = self.schedule.last_epoch  # what torch calls an epoch is a step here
        average = get_ema_multi_avg_fn(min(self.average, (1 + step) / (10 + step)))
        means, now = (list(one.state_dict().values()) for one in (self.averaged, self.model))
        for mean, count in zip(means, now, strict=True):
            if not mean.is_floating_point():
                mean.copy_(count)
        average(*([one for one in tensors if one.is_floating_point()] for tensors in (means, now)), step)


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weight decay on convolutions and linear layers alone, not on normalisation and biases."""
    learned = [one for one in model.parameters() if one.requires_grad]
    return [
        {"params": [one for one in learned if one.ndim > 1], "weight_decay": weight_decay},
        {"params": [one for one in learned if one.ndim <= 1], "weight_decay": 0.0},
    ]


def seed_epoch(seed: int, epoch: int, context: DistributedContext) -> None:
    """Seed what torch draws in an epoch (dropout), so that a resumed epoch draws the same, each process its own."""
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch, context.rank]).generate_state(1)[0]))

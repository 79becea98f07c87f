# SPDX-License-Identifier: Apache-2.0
"""What a training needs to go on after its last whole epoch as if nothing had happened."""

import io
import pickle
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from tinydf.errors import TinydfError
from tinydf.files import atomic_path
from tinydf.train.trainer import Trainer

Batch = TypeVar("Batch")


class TrainingState:
    """A training's state: what learns, how far it has come, and the best weights so far."""

    def __init__(self, identity: str, trainer: Trainer) -> None:
        self.identity = identity
        self.trainer = trainer
        self.epoch = 0
        self.best_epoch = 0
        self.best = (-1.0, 0.0)
        self.best_weights: dict[str, Tensor] = {}
        self.loss = 0.0
        self.seconds = 0.0
        self.waited = 0.0

    def clock(self, batches: Generator[Batch, None, None]) -> Generator[Batch, None, None]:
        """The same batches, with the time of an epoch and of waiting for its batches added up."""
        began = asked = time.monotonic()
        for batch in batches:
            self.waited += time.monotonic() - asked
            yield batch
            asked = time.monotonic()
        self.seconds += time.monotonic() - began

    def keep_if_best(self, accuracy: float, loss: float) -> None:
        """Keep the present weights if their validation accuracy is the highest so far; a tie goes to the lower loss."""
        if (accuracy, -loss) > self.best:
            self.best, self.best_epoch = (accuracy, -loss), self.epoch
            self.best_weights = {
                name: value.detach().clone() for name, value in self.trainer.averaged.state_dict().items()
            }

    def save(self, path: Path) -> None:
        """Write the state atomically."""
        state = {
            "identity": self.identity,
            "model": self.trainer.model.state_dict(),
            "averaged": self.trainer.averaged.state_dict(),
            "optimiser": self.trainer.optimiser.state_dict(),
            "schedule": self.trainer.schedule.state_dict(),
            "scaler": self.trainer.scaler.state_dict(),
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best": self.best,
            "best_weights": self.best_weights,
            "loss": self.loss,
            "seconds": self.seconds,
            "waited": self.waited,
        }
        with atomic_path(path) as aside:
            torch.save(state, aside)

    def load_if_begun(self, path: Path) -> None:
        """Read a state into the live objects, if there is one; nothing in the file is executed.

        Raises:
            TinydfError: if the file is damaged, or of another recipe or data set.
        """
        if not path.is_file():
            return
        state = _read(path)
        if state.get("identity") != self.identity:
            raise TinydfError(
                f"{path} is of another recipe, seed or data set", "train with what it was begun with, or --force"
            )
        try:
            self.trainer.model.load_state_dict(state["model"])
            self.trainer.averaged.load_state_dict(state["averaged"])
            self.trainer.optimiser.load_state_dict(state["optimiser"])
            self.trainer.schedule.load_state_dict(state["schedule"])
            self.trainer.scaler.load_state_dict(state["scaler"])
            self.epoch, self.best_epoch = state["epoch"], state["best_epoch"]
            self.best, self.best_weights = tuple(state["best"]), state["best_weights"]
            self.loss, self.seconds, self.waited = state["loss"], state["seconds"], state["waited"]
        except (KeyError, RuntimeError, ValueError) as error:
            raise _damaged(path, error) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        state = torch.load(io.BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, KeyError, ValueError, pickle.UnpicklingError) as error:
        raise _damaged(path, error) from None
    if not isinstance(state, dict):
        raise _damaged(path, "it holds no training")
    return state


def _damaged(path: Path, reason: object) -> TinydfError:
    first_line = str(reason).strip().partition("\n")[0]
    return TinydfError(f"{path} is damaged: {first_line}", "start over with --force")

# SPDX-License-Identifier: Apache-2.0
"""The pre-training, from the first line to the last: images, pairs of views, weights, and whether it collapsed."""

from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import nn

from tinydf import detectors, progress, ssl
from tinydf.artefacts.run import CHECKPOINT, LOG, WEIGHTS, Finished
from tinydf.data.dataset import Dataset
from tinydf.detectors.classifier import take_last_layer
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes, sha256_file
from tinydf.ssl.collapse import Spread, measure_spread
from tinydf.train import recipe as recipes
from tinydf.train import run
from tinydf.train.batches import TrainingSplit
from tinydf.train.checkpoint import TrainingState
from tinydf.train.distributed import DistributedContext, distributed_context
from tinydf.train.images import to_tensor
from tinydf.train.log import open_log
from tinydf.train.recipe import Recipe
from tinydf.train.trainer import Trainer, seed_epoch
from tinydf.train.views import view_batches

LOOKED_AT = 256
"""Training images whose embeddings tell whether the network has collapsed."""


class Pretrained(Finished):
    """`pretraining.json`: what the encoder's weights came from, and how its embeddings lie."""

    file: ClassVar[str] = "pretraining.json"
    made_by: ClassVar[str] = "tinydf pretrain RECIPE --data D --out RUN"

    method: str
    epochs: int
    images: int = Field(description="in the training split, all without labels")
    loss: float = Field(description="mean of the last epoch")
    deviation: float = Field(description="see Spread")
    rank: float = Field(description="see Spread")
    seconds: float = Field(description="spent in epochs, resumed parts together")
    images_per_second: float = Field(description="source images; each gives two views")
    waited: float = Field(description="part of these seconds that went by waiting for images")
    threads: int


def pretrain(recipe: Recipe, data_directory: Path, out: Path, resume: bool = False, force: bool = False) -> Pretrained:
    """Pre-train a detector without its classifier, and leave its weights; resumes to the very same weights.

    Args:
        recipe: what to do; its tables `detector`, `preprocess`, `pretraining`, and the seed of `training`.
        data_directory: the data set; its training split is learned from and its labels are not read.
        out: the directory for `weights.safetensors`, `recipe.toml`, `pretraining.json` and the log.
        resume: continue after the last whole epoch in `out`, if there is one.
        force: replace a pre-training that `out` holds.

    Raises:
        TinydfError: if the data is missing or too small, `out` holds a training that was not asked for, what is to be
            resumed is damaged or another's, or the embeddings have collapsed. Weights that have are not written.
    """
    data = Dataset(data_directory)
    identity = sha256_bytes(f"{recipe.model_dump_json()} {data.sha256}".encode())
    if finished := run.open_directory(out, Pretrained, identity, resume, force):
        return finished
    with distributed_context() as context:
        if context.ranks > 1:
            raise TinydfError("a pre-training is one process's work: its losses compare all of a batch")
        split = TrainingSplit(data, recipe.training.seed, context)
        model, encoder = _build(recipe)
        trainer = Trainer(model, recipe.pretraining, split.steps(recipe.pretraining), context)
        state = TrainingState(identity, trainer)
        state.load_if_begun(out / CHECKPOINT)
        with run.lock(out):
            run.save_recipe(recipe, out / recipes.FILE)
            _learn(state, recipe, split, out, context)
        spread = _look(model, split, recipe, context)
    if spread.collapsed:
        raise TinydfError(
            f"{recipe.pretraining.method} collapsed: its embeddings have a standard deviation of "
            f"{spread.deviation:.3f} (1 is even) and an effective rank of {spread.rank:.1f}",
            "take a larger batch, a lower learning rate, or another method",
        )
    run.save_weights(encoder.state_dict(), out / WEIGHTS)
    pairs = split.steps(recipe.pretraining) * split.batch_size(recipe.pretraining) * state.epoch
    record = Pretrained(
        dataset_sha256=data.sha256,
        weights_sha256=sha256_file(out / WEIGHTS),
        identity=identity,
        method=recipe.pretraining.method,
        epochs=state.epoch,
        images=len(split),
        loss=state.loss,
        deviation=spread.deviation,
        rank=spread.rank,
        seconds=state.seconds,
        images_per_second=pairs / state.seconds,
        waited=state.waited / state.seconds,
        threads=torch.get_num_threads(),
    )
    run.save_record(record, out)
    return record


def _learn(state: TrainingState, recipe: Recipe, split: TrainingSplit, out: Path, context: DistributedContext) -> None:
    """Make the epochs that are left, and keep the state after each."""
    trainer, how, steps = state.trainer, recipe.pretraining, split.steps(recipe.pretraining)
    memory = detectors.DETECTORS[recipe.detector.name].memory
    with open_log(out / LOG, state.epoch) as log, progress.bar(how.method, how.epochs, state.epoch) as bar:
        while state.epoch < how.epochs:
            epoch, losses = state.epoch, list[float]()
            seed_epoch(recipe.training.seed, epoch, context)
            trainer.model.train()
            for views in state.clock(view_batches(split, recipe, epoch)):
                first, second = (view.to(context.device, memory_format=memory) for view in views)
                losses.append(trainer.step(partial(trainer.forward, first, second)))
                trainer.model.after_step((epoch * steps + len(losses)) / (how.epochs * steps))
                bar.update(completed=epoch + len(losses) / steps, tally=f"loss {losses[-1]:.3f}")
            state.epoch += 1
            state.loss = float(np.mean(losses))
            state.save(out / CHECKPOINT)
            spread = _look(trainer.model, split, recipe, context)
            log.scalars(
                state.epoch,
                {
                    "loss/pretraining": state.loss,
                    "learning_rate": trainer.schedule.get_last_lr()[0],
                    "embedding/deviation": spread.deviation,
                    "embedding/rank": spread.rank,
                },
            )


def _build(recipe: Recipe) -> tuple[nn.Module, nn.Module]:
    """The method around a fresh detector without its classifier, and that."""
    torch.manual_seed(recipe.training.seed)
    encoder = detectors.build(recipe.detector.name, recipe.detector.options)
    features = take_last_layer(encoder)
    options = ssl.check_options(recipe.pretraining.method, recipe.pretraining.options)
    model = ssl.METHODS[recipe.pretraining.method].build(encoder, features, options)
    model.to(memory_format=detectors.DETECTORS[recipe.detector.name].memory)
    return model, encoder


def _look(model: nn.Module, split: TrainingSplit, recipe: Recipe, context: DistributedContext) -> Spread:
    """How the embeddings of some training images lie, as they are and cut at the centre."""
    some = np.linspace(0, len(split) - 1, min(LOOKED_AT, len(split))).astype(int)
    crops = np.stack([recipe.preprocess.crop_image(split.image(one)) for one in some])
    model.eval()
    with torch.no_grad():
        return measure_spread(model.embed(to_tensor(crops, recipe.preprocess).to(context.device)).cpu())

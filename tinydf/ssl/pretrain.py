"""The pre-training, from the first line to the last: images, pairs of views, weights, and whether it collapsed."""

import time
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import nn

from tinydf import detectors, ssl
from tinydf.console import progress
from tinydf.data.dataset import Dataset
from tinydf.detectors.classifier import take_last_layer
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes, sha256_file
from tinydf.ssl.collapse import Spread, measure_spread
from tinydf.ssl.views import pairs_of, view_batches
from tinydf.train import recipe as recipes
from tinydf.train import run
from tinydf.train.checkpoint import Progressed
from tinydf.train.images import Images, demand_size, read_images, to_tensor
from tinydf.train.learner import Learner, seed_epoch
from tinydf.train.log import open_log
from tinydf.train.recipe import Recipe

LOOKED_AT = 256
"""Training images whose embeddings tell whether the network has collapsed."""


class Pretrained(run.Finished):
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
    threads: int


def pretrain(recipe: Recipe, data_directory: Path, out: Path, resume: bool = False, force: bool = False) -> Pretrained:
    """Pre-train a detector without its classifier, and leave its weights; resumes to the very same weights.

    Args:
        recipe: what to do; its tables `detector`, `preprocess`, `pretraining`, and the seed of `training`.
        data_directory: the data set; its training split is learned from and its labels are not read.
        out: the directory for `weights.safetensors`, `recipe.toml`, `pretraining.json` and the log.
        resume: go on after the last whole epoch in `out`, if there is one.
        force: begin anew, whatever `out` holds of an earlier pre-training.

    Raises:
        TinydfError: if the data is missing or too small, `out` holds a training that was not asked for, what is to be
            resumed is damaged or another's, or the embeddings have collapsed. Weights that have are not written.
    """
    data = Dataset(data_directory)
    identity = sha256_bytes(f"{recipe.model_dump_json()} {data.sha256}".encode())
    if finished := run.open_directory(out, Pretrained, identity, resume, force):
        return finished
    images = read_images(data, "train")
    demand_size(images, recipe.preprocess.size, f"{data.directory}: the training split")

    how = recipe.pretraining
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(recipe.training.seed)
    model, encoder = _build(recipe)
    steps = len(images) * how.crops // pairs_of(images, recipe)
    learner = Learner(model, how, steps)
    state = Progressed(identity, learner)
    checkpoint = out / run.CHECKPOINT
    if checkpoint.is_file():
        state.load(checkpoint)
    run.save_recipe(recipe, out / recipes.FILE)

    with open_log(out / run.LOG, state.epoch) as log, progress() as bar:
        task = bar.add_task(how.method, total=how.epochs, completed=state.epoch, tally="")
        while state.epoch < how.epochs:
            epoch, started, losses = state.epoch, time.monotonic(), []
            seed_epoch(recipe.training.seed, epoch)
            model.train()
            for first, second in view_batches(images, recipe, epoch):
                losses.append(learner.step(partial(model, first, second)))
                model.after_step((epoch * steps + len(losses)) / (how.epochs * steps))
                bar.update(task, completed=epoch + len(losses) / steps, tally=f"loss {losses[-1]:.3f}")
            state.epoch += 1
            state.seconds += time.monotonic() - started
            state.loss = float(np.mean(losses))
            state.save(checkpoint)
            spread = _look(model, images, recipe)
            log.scalars(
                state.epoch,
                {
                    "loss/pretraining": state.loss,
                    "learning_rate": learner.schedule.get_last_lr()[0],
                    "embedding/deviation": spread.deviation,
                    "embedding/rank": spread.rank,
                },
            )

    spread = _look(model, images, recipe)
    if spread.collapsed:
        raise TinydfError(
            f"{how.method} collapsed: its embeddings have a standard deviation of {spread.deviation:.3f} (1 is even) "
            f"and an effective rank of {spread.rank:.1f}",
            "take a larger batch, a lower learning rate, or another method",
        )
    run.save_weights(encoder.state_dict(), out / run.WEIGHTS)
    record = Pretrained(
        dataset_sha256=data.sha256,
        weights_sha256=sha256_file(out / run.WEIGHTS),
        identity=identity,
        method=how.method,
        epochs=state.epoch,
        images=len(images),
        loss=state.loss,
        deviation=spread.deviation,
        rank=spread.rank,
        seconds=state.seconds,
        images_per_second=steps * pairs_of(images, recipe) * state.epoch / state.seconds,
        threads=torch.get_num_threads(),
    )
    run.save_record(record, out)
    return record


def _build(recipe: Recipe) -> tuple[nn.Module, nn.Module]:
    """The method around a fresh detector without its classifier, and that."""
    encoder = detectors.build(recipe.detector.name, recipe.detector.options)
    features = take_last_layer(encoder)
    options = ssl.check(recipe.pretraining.method, recipe.pretraining.options)
    model = ssl.METHODS[recipe.pretraining.method].build(encoder, features, options)
    model.to(memory_format=torch.channels_last)
    return model, encoder


def _look(model: nn.Module, images: Images, recipe: Recipe) -> Spread:
    """How the embeddings of some training images lie, as they are and cut at the centre."""
    some = np.linspace(0, len(images) - 1, min(LOOKED_AT, len(images))).astype(int)
    crops = np.stack([recipe.preprocess.crop_image(images.pixels[one]) for one in some])
    model.eval()
    with torch.no_grad():
        return measure_spread(model.embed(to_tensor(crops, recipe.preprocess)))

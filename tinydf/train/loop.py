"""The training, from the first line to the last: data, model, epochs, validation, best weights, threshold."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tinydf import detectors
from tinydf.console import progress
from tinydf.data.dataset import PRE_SOCIAL, Dataset
from tinydf.detectors.classifier import freeze_features, last_layer
from tinydf.detectors.cost import count_macs, count_parameters
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes, sha256_file
from tinydf.train import recipe as recipes
from tinydf.train import run
from tinydf.train.checkpoint import Progressed
from tinydf.train.evaluate import evaluate_scores
from tinydf.train.images import (
    Images,
    batch_size_of,
    batches_of,
    demand_both_classes,
    demand_size,
    read_images,
    training_batches,
)
from tinydf.train.learner import Learner, seed_epoch
from tinydf.train.log import open_log
from tinydf.train.metrics import Figures, best_temperature, best_threshold, mean_balanced_accuracy, measure
from tinydf.train.recipe import Recipe

FEWEST = 4
"""Images of each class without which neither training nor validation means anything."""


def train(
    recipe: Recipe,
    data_directory: Path,
    out: Path,
    resume: bool = False,
    force: bool = False,
    initial: Path | None = None,
) -> run.Metrics:
    """Train a detector and leave a run directory; an interrupted training resumes to the very same weights.

    Args:
        recipe: what to do.
        data_directory: the data set; its training split is learned from, its validation split chooses.
        out: the run directory.
        resume: go on after the last whole epoch in `out`, if there is one.
        force: begin anew, whatever `out` holds of an earlier training.
        initial: the directory of a pre-training or of another run of the same detector, whose weights to begin with.

    Raises:
        TinydfError: if the data is missing or too small, `out` holds a training that was not asked for, or what is
            to be resumed is damaged, or of another recipe or data set.
    """
    data = Dataset(data_directory)
    if recipe.training.probe and not initial:
        raise TinydfError("a linear probe needs features to probe", "give --init a directory of `tinydf pretrain`")
    initial_sha256 = run.hash_weights(initial) if initial else None
    identity = sha256_bytes(f"{recipe.model_dump_json()} {data.sha256} {initial_sha256}".encode())
    finished = run.open_directory(out, run.Metrics, identity, resume, force)
    if finished:
        return finished
    training, validation = _read_splits(data, recipe.preprocess.size)

    torch.use_deterministic_algorithms(True)
    torch.manual_seed(recipe.training.seed)
    model = detectors.build(recipe.detector.name, recipe.detector.options)
    if initial:
        run.load_weights(model, initial / run.WEIGHTS, may_lack=last_layer(model))
    if recipe.training.probe:
        freeze_features(model)
    model = model.to(memory_format=torch.channels_last)
    steps = batches_of(training, recipe)
    learner = Learner(model, recipe.training, steps)
    state = Progressed(identity, learner)
    checkpoint = out / run.CHECKPOINT
    if checkpoint.is_file():
        state.load(checkpoint)
    run.save_recipe(recipe, out / recipes.FILE)

    weights = _class_weights(training.labels)

    def loss(images: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(model(images), labels, weights, label_smoothing=recipe.training.label_smoothing)

    judged = "no epoch judged yet"
    with open_log(out / run.LOG, state.epoch) as log, progress() as bar:
        task = bar.add_task("training", total=recipe.training.epochs, completed=state.epoch, tally=judged)
        while state.epoch < recipe.training.epochs:
            epoch, started, losses = state.epoch, time.monotonic(), []
            seed_epoch(recipe.training.seed, epoch)
            model.train(not recipe.training.probe)
            for images, labels in training_batches(training, recipe, epoch):
                losses.append(learner.step(partial(loss, images, labels)))
                bar.update(task, completed=epoch + len(losses) / steps, tally=f"loss {losses[-1]:.3f}, {judged}")
            state.epoch += 1
            state.seconds += time.monotonic() - started

            verdict = _judge(model, validation, recipe)
            accuracy = mean_balanced_accuracy(verdict.figures)
            state.keep_if_best(accuracy, verdict.loss)
            state.save(checkpoint)
            log.scalars(
                state.epoch,
                {
                    "loss/training": float(np.mean(losses)),
                    "loss/validation": verdict.loss,
                    "learning_rate": learner.schedule.get_last_lr()[0],
                    "accuracy/validation": accuracy,
                },
            )
            judged = f"validation {accuracy:.3f}"
            bar.update(task, tally=f"loss {np.mean(losses):.3f}, {judged}")

    model.load_state_dict(state.best_weights)
    verdict = _judge(model, validation, recipe)
    run.save_weights(state.best_weights, out / run.WEIGHTS)
    metrics = run.Metrics(
        dataset_sha256=data.sha256,
        weights_sha256=sha256_file(out / run.WEIGHTS),
        identity=identity,
        threshold=verdict.threshold,
        temperature=verdict.temperature,
        parameters=count_parameters(model),
        macs=count_macs(model, recipe.preprocess.size),
        epochs=state.epoch,
        best_epoch=state.best_epoch,
        seconds=state.seconds,
        images_per_second=steps * batch_size_of(training, recipe) * state.epoch / state.seconds,
        threads=torch.get_num_threads(),
        initial_sha256=initial_sha256,
        validation=verdict.figures,
    )
    run.save_record(metrics, out)
    return metrics


@dataclass(frozen=True)
class Verdict:
    """What the validation images say of a model: the threshold and temperature to use, and the figures with them."""

    loss: float
    threshold: float
    temperature: float
    figures: dict[str, Figures]


def _judge(model: nn.Module, validation: dict[str, Images], recipe: Recipe) -> Verdict:
    """Validate on all platforms together: one threshold has to serve them all."""
    scores = {platform: evaluate_scores(model, images, recipe.preprocess) for platform, images in validation.items()}
    labels = np.concatenate([images.labels for images in validation.values()])
    together = np.concatenate(list(scores.values()))
    threshold = best_threshold(labels, together)
    return Verdict(
        loss=_loss(labels, together),
        threshold=threshold,
        temperature=best_temperature(labels, together),
        figures={
            platform: measure(images.labels, scores[platform], threshold) for platform, images in validation.items()
        },
    )


def _loss(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    """Cross-entropy of scores as log-odds, both classes weighing the same."""
    losses = np.logaddexp(0, np.where(labels == 1, -scores, scores))
    return float((losses[labels == 1].mean() + losses[labels == 0].mean()) / 2)


def _read_splits(data: Dataset, size: int) -> tuple[Images, dict[str, Images]]:
    """The training images as the camera or generator left them, and the validation images by platform."""
    training = read_images(data, "train")
    platforms = data.platforms("validation") or [PRE_SOCIAL]
    validation = {platform: read_images(data, "validation", platform) for platform in platforms}
    named = {f"validation split ({platform})": images for platform, images in validation.items()}
    for name, images in {"training split": training, **named}.items():
        demand_both_classes(images, FEWEST, f"{data.directory}: the {name}")
        demand_size(images, size, f"{data.directory}: the {name}")
    return training, validation


def _class_weights(labels: NDArray[np.int64]) -> Tensor:
    """Weights that make both classes count the same, float [2], mean one over the images."""
    return torch.tensor(len(labels) / (2 * np.bincount(labels, minlength=2)), dtype=torch.float32)

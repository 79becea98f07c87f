# SPDX-License-Identifier: Apache-2.0
"""The training, from the first line to the last: data, model, epochs, validation, best weights, threshold."""

import logging
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tinydf import detectors, progress
from tinydf.artefacts.run import CHECKPOINT, LOG, MADE_BY, METRICS, RANGES, WEIGHTS, Metrics
from tinydf.data.dataset import PRE_SOCIAL, Dataset
from tinydf.detectors.classifier import freeze_features, last_layer
from tinydf.detectors.cost import count_macs, count_parameters
from tinydf.errors import TinydfError
from tinydf.files import read_record, sha256_bytes, sha256_file
from tinydf.metrics.figures import Figures, best_temperature, best_threshold, figures_at, mean_balanced_accuracy
from tinydf.metrics.uncertainty import one_standard_error_threshold
from tinydf.train import recipe as recipes
from tinydf.train import run
from tinydf.train.batches import TrainingSplit, training_batches
from tinydf.train.checkpoint import TrainingState
from tinydf.train.distributed import DistributedContext, distributed_context
from tinydf.train.evaluate import evaluate_scores
from tinydf.train.images import Images, demand_both_classes, demand_size, read_images
from tinydf.train.log import open_log
from tinydf.train.quantised import QuantisationAware
from tinydf.train.recipe import Recipe
from tinydf.train.trainer import Trainer, seed_epoch
from tinydf.train.weights import hash_file, load_foreign_weights

logger = logging.getLogger(__name__)

FEWEST = 4
"""Images of each class without which neither training nor validation means anything."""


def train(
    recipe: Recipe,
    data_directory: Path,
    out: Path,
    resume: bool = False,
    force: bool = False,
    initial: Path | None = None,
    weights: Path | None = None,
) -> Metrics:
    """Train a detector and leave a run directory; an interrupted training resumes to the very same weights.

    Started by `torchrun`, the processes share each batch between them.

    Args:
        recipe: what to do.
        data_directory: the data set; its training split is learned from, its validation split chooses.
        out: the run directory.
        resume: continue after the last whole epoch in `out`, if there is one.
        force: replace a training that `out` holds.
        initial: the directory of a pre-training or of another run of the same detector, whose weights to begin with.
        weights: a file of weights from elsewhere to begin with instead, as far as they fit.

    Raises:
        TinydfError: if the data is missing or too small, `out` holds a training that was not asked for or is still at
            work, or what is to be resumed is damaged, or of another recipe or data set.
    """
    data = Dataset(data_directory)
    if initial and weights:
        raise TinydfError("a training begins with one set of weights", "give --init or --weights")
    if recipe.training.probe and not (initial or weights):
        raise TinydfError("a linear probe needs features to probe", "give --init a directory of `tinydf pretrain`")
    if recipe.training.quantise and not initial:
        raise TinydfError("quantisation-aware training refines a run", "give --init a directory of `tinydf train`")
    initial_sha256 = run.hash_weights(initial) if initial else hash_file(weights) if weights else None
    identity = sha256_bytes(f"{recipe.model_dump_json()} {data.sha256} {initial_sha256}".encode())
    if finished := run.open_directory(out, Metrics, identity, resume, force):
        return finished
    with distributed_context() as context:
        # A function of its own, so that the model has gone when its context does: see distributed_context.
        _train(recipe, data, out, identity, initial, initial_sha256, weights, context)
    return read_record(Metrics, out / METRICS, MADE_BY)


def _train(
    recipe: Recipe,
    data: Dataset,
    out: Path,
    identity: str,
    initial: Path | None,
    initial_sha256: str | None,
    weights: Path | None,
    context: DistributedContext,
) -> None:
    """Build what learns, or take up what is there, and bring it to its end."""
    split, validation = _read_splits(data, recipe, context)
    model = _build(recipe, initial, weights, context)
    if recipe.training.quantise:
        model = QuantisationAware(model, recipe.preprocess.size, context)
    trainer = Trainer(model, recipe.training, split.steps(recipe.training), context, recipe.training.average)
    state = TrainingState(identity, trainer)
    state.load_if_begun(out / CHECKPOINT)
    with run.lock(out) if context.first else nullcontext():
        if context.first:
            run.save_recipe(recipe, out / recipes.FILE)
        _learn(state, recipe, split, validation, out, context)
        if context.first:
            _finish(state, recipe, data, split, validation, out, initial_sha256)
    context.wait()


def _build(recipe: Recipe, initial: Path | None, weights: Path | None, context: DistributedContext) -> nn.Module:
    """The detector as it begins."""
    torch.manual_seed(recipe.training.seed)
    model = detectors.build(recipe.detector.name, recipe.detector.options)
    if initial:
        run.load_weights(model, initial / WEIGHTS, may_lack=last_layer(model))
    if weights:
        report = load_foreign_weights(model, weights)
        for line in report.lines() if context.first else []:
            logger.info("%s: %s", weights.name, line)
    if recipe.training.probe:
        freeze_features(model)
    return model.to(memory_format=detectors.DETECTORS[recipe.detector.name].memory)


def _learn(
    state: TrainingState,
    recipe: Recipe,
    split: TrainingSplit,
    validation: dict[str, Images],
    out: Path,
    context: DistributedContext,
) -> None:
    """Make the epochs that are left; the first process judges each, and keeps the state and the best weights."""
    trainer, how = state.trainer, recipe.training
    weights = _class_weights(split.labels).to(context.device)
    memory = detectors.DETECTORS[recipe.detector.name].memory

    def loss(images: Tensor, labels: Tensor) -> Tensor:
        logits = trainer.forward(images.to(context.device, memory_format=memory))
        labels = labels.to(context.device)
        each = F.cross_entropy(logits, labels, reduction="none", label_smoothing=how.label_smoothing)
        return (weights[labels] * each).mean()

    judged = "no epoch judged yet"
    with (
        open_log(out / LOG, state.epoch, context.first) as log,
        progress.bar("training", how.epochs, state.epoch, judged, shown=context.first) as bar,
    ):
        while state.epoch < how.epochs:
            epoch, losses = state.epoch, list[float]()
            seed_epoch(how.seed, epoch, context)
            trainer.model.train(not how.probe)
            for images, labels in state.clock(training_batches(split, recipe, epoch)):
                losses.append(trainer.step(partial(loss, images, labels)))
                done = epoch + len(losses) / split.steps(how)
                bar.update(completed=done, tally=f"loss {losses[-1]:.3f}, {judged}")
            state.epoch += 1
            state.loss = context.mean(float(np.mean(losses)))
            if not context.first:
                continue
            verdict = _judge(trainer.averaged, validation, recipe)
            accuracy = mean_balanced_accuracy(verdict.figures)
            state.keep_if_best(accuracy, verdict.loss)
            state.save(out / CHECKPOINT)
            log.scalars(
                state.epoch,
                {
                    "loss/training": state.loss,
                    "loss/validation": verdict.loss,
                    "learning_rate": trainer.schedule.get_last_lr()[0],
                    "accuracy/validation": accuracy,
                },
            )
            judged = f"validation {accuracy:.3f}"
            bar.update(tally=f"loss {state.loss:.3f}, {judged}")


def _finish(
    state: TrainingState,
    recipe: Recipe,
    data: Dataset,
    split: TrainingSplit,
    validation: dict[str, Images],
    out: Path,
    initial_sha256: str | None,
) -> None:
    """Write the best epoch's weights, and the metrics that say that the run is whole."""
    model = state.trainer.averaged
    model.load_state_dict(state.best_weights)
    verdict = _judge(model, validation, recipe)
    quantised = isinstance(model, QuantisationAware)
    if quantised:
        run.save_weights({"low": model.low, "high": model.high}, out / RANGES)
        model = model.detector
    run.save_weights(model.state_dict(), out / WEIGHTS)
    images = split.steps(recipe.training) * split.batch_size(recipe.training) * state.epoch
    metrics = Metrics(
        dataset_sha256=data.sha256,
        weights_sha256=sha256_file(out / WEIGHTS),
        identity=state.identity,
        threshold=verdict.threshold,
        temperature=verdict.temperature,
        parameters=count_parameters(model),
        macs=count_macs(model.cpu(), recipe.preprocess.size),
        epochs=state.epoch,
        best_epoch=state.best_epoch,
        seconds=state.seconds,
        images_per_second=images / state.seconds,
        waited=state.waited / state.seconds,
        threads=torch.get_num_threads(),
        initial_sha256=initial_sha256,
        ranges_sha256=sha256_file(out / RANGES) if quantised else None,
        generators=data.learned,
        validation=verdict.figures,
    )
    run.save_record(metrics, out)


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
    if recipe.training.threshold == "one-standard-error":
        threshold = one_standard_error_threshold(
            labels, together, [one for images in validation.values() for one in images.sources]
        )
    else:
        threshold = best_threshold(labels, together)
    return Verdict(
        loss=_loss(labels, together),
        threshold=threshold,
        temperature=best_temperature(labels, together),
        figures={
            platform: figures_at(images.labels, scores[platform], threshold) for platform, images in validation.items()
        },
    )


def _loss(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    """Cross-entropy of scores as log-odds, both classes weighing the same."""
    losses = np.logaddexp(0, np.where(labels == 1, -scores, scores))
    return float((losses[labels == 1].mean() + losses[labels == 0].mean()) / 2)


def _read_splits(data: Dataset, recipe: Recipe, context: DistributedContext) -> tuple[TrainingSplit, dict[str, Images]]:
    """The images to learn from, as the camera or generator left them, and the validation images by platform."""
    split = TrainingSplit(data, recipe.training.seed, context)
    demand_both_classes(split.labels, FEWEST, f"{data.directory}: the training split")
    validation = {
        platform: read_images(data, "validation", platform) for platform in data.platforms("validation") or [PRE_SOCIAL]
    }
    for platform, images in validation.items():
        name = f"{data.directory}: the validation split ({platform})"
        demand_both_classes(images.labels, FEWEST, name)
        demand_size(images, recipe.preprocess.size, name)
    return split, validation


def _class_weights(labels: NDArray[np.int64]) -> Tensor:
    """Weights that make both classes count the same, float [2], mean one over the images.

    Labels are the data set's: fakes that `augmentation.synthetic_upsampling` makes of real images count besides.
    """
    return torch.tensor(len(labels) / (2 * np.bincount(labels, minlength=2)), dtype=torch.float32)

# SPDX-License-Identifier: Apache-2.0
"""Scores of a detector over a data set, and the figures that follow from them."""

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tinydf.artefacts.preprocess import Preprocess, mean_scores
from tinydf.artefacts.run import Metrics
from tinydf.data.dataset import PRE_SOCIAL, Dataset, Shortcut, Split
from tinydf.metrics import uncertainty
from tinydf.metrics.accuracy import Accuracy, Case, measure_accuracy
from tinydf.metrics.pictures import PictureFigures, measure_pictures
from tinydf.metrics.uncertainty import AfterSharing, Certainty, Draws
from tinydf.train.images import Images, read_images, to_tensor
from tinydf.train.recipe import Recipe
from tinydf.train.run import load_run

BATCH = 128


class Evaluation(Accuracy):
    """What `tinydf evaluate --json` prints.

    `certainty` is by group (`seen`, `unseen`, `all`) and platform, `after_sharing` by group, `pictures` by generator
    and collection; `shortcuts` are what the data set's audit found.
    """

    name: str
    trained_on: tuple[str, ...]
    dataset_sha256: str
    weights_sha256: str
    split: str
    sources: str
    threshold: float
    temperature: float
    certainty: dict[str, dict[str, Certainty]]
    after_sharing: dict[str, AfterSharing]
    pictures: dict[str, PictureFigures]
    shortcuts: list[Shortcut]


@dataclass(frozen=True)
class Scored:
    """A run's scores of a split: float64 [images] for each platform's images."""

    recipe: Recipe
    metrics: Metrics
    data: Dataset
    split: Split
    sources: str
    images: dict[str, Images]
    scores: dict[str, NDArray[np.float64]]

    def verdicts(self) -> list[Case]:
        """Each image judged at the threshold that validation chose."""
        return [
            Case(platform, generator, int(label), bool(score > self.metrics.threshold), float(score), source)
            for platform, some in self.images.items()
            for generator, label, score, source in zip(
                some.generators, some.labels, self.scores[platform], some.sources, strict=True
            )
        ]

    def known(self) -> dict[str, bool]:
        """Of each generator, whether training saw it."""
        names = {name for some in self.images.values() for name in some.generators}
        return self.data.known(names, self.metrics.generators)


def score_run(run: Path, data_directory: Path, split: Split, sources: str = "*") -> Scored:
    """Score a split's images with a finished run.

    Args:
        run: the run directory.
        data_directory: the data set.
        split: which of its splits.
        sources: a pattern that the names of the images' sources fit.

    Raises:
        TinydfError: if the run or the data set is not there, damaged, or has no such images.
    """
    model, recipe, metrics = load_run(run)
    data = Dataset(data_directory)
    platforms = data.platforms(split) or [PRE_SOCIAL]
    images = {platform: read_images(data, split, platform, sources) for platform in platforms}
    scores = {platform: evaluate_scores(model, some, recipe.preprocess) for platform, some in images.items()}
    return Scored(recipe, metrics, data, split, sources, images, scores)


def evaluate(scored: Scored) -> Evaluation:
    """All figures of a run's scores, at the threshold that validation chose."""
    augmentation, metrics = scored.recipe.augmentation, scored.metrics
    certain, shared = _certainty(scored)
    return Evaluation(
        name=scored.recipe.name,
        trained_on=(PRE_SOCIAL, *(augmentation.platforms if augmentation.share else ())),
        dataset_sha256=scored.data.sha256,
        weights_sha256=metrics.weights_sha256,
        split=scored.split,
        sources=scored.sources,
        threshold=metrics.threshold,
        temperature=metrics.temperature,
        certainty=certain,
        after_sharing=shared,
        pictures=measure_pictures(scored.verdicts(), scored.known(), metrics.threshold),
        shortcuts=scored.data.info.shortcuts or [],
        **dict(measure_accuracy(scored.verdicts(), scored.known())),
    )


def evaluate_scores(model: nn.Module, images: Images, preprocess: Preprocess) -> NDArray[np.float64]:
    """Log-odds of "fake" of each image, the mean of logit(fake) - logit(real) over its crops, float64 [images]."""
    model.eval()
    by_image = [preprocess.crop_images(one) for one in images.pixels]
    crops = np.concatenate(by_image)
    device = next(model.parameters()).device
    parts = np.array_split(crops, _parts(len(crops)))
    with torch.no_grad():
        logits = torch.cat([model(to_tensor(part, preprocess).to(device)) for part in parts]).cpu()
    return mean_scores(logits.numpy(), np.array([len(one) for one in by_image], np.int64))


def _certainty(scored: Scored) -> tuple[dict[str, dict[str, Certainty]], dict[str, AfterSharing]]:
    """How sure each figure is: by group of generators and platform, and over the social platforms."""
    draws = Draws(source for some in scored.images.values() for source in some.sources)
    known = scored.known()
    groups = {"seen": {name for name, seen in known.items() if seen}}
    if not all(known.values()):
        groups["unseen"] = known.keys() - groups["seen"]
    groups["all"] = set(known)
    certain: dict[str, dict[str, Certainty]] = {}
    shared: dict[str, AfterSharing] = {}
    for group, generators in groups.items():
        found = {platform: _replicates(scored, platform, generators, draws) for platform in scored.images}
        certain[group] = {platform: uncertainty.certainty(*one) for platform, one in found.items()}
        accuracies = {name: one[0]["balanced_accuracy"] for name, one in found.items() if name != PRE_SOCIAL}
        if after := uncertainty.after_sharing(accuracies):
            shared[group] = after
    return certain, shared


def _replicates(
    scored: Scored, platform: str, generators: Set[str], draws: Draws
) -> tuple[dict[str, NDArray[np.float64]], float | None]:
    """Figures in each draw, and the calibration error, of all reals and the fakes of `generators`."""
    images = scored.images[platform]
    chosen = (images.labels == 0) | np.isin(images.generators, list(generators))
    labels, scores = images.labels[chosen], scored.scores[platform][chosen]
    weights = draws.weights(source for source, taken in zip(images.sources, chosen, strict=True) if taken)
    error = uncertainty.calibration_error(labels, scores, scored.metrics.temperature)
    return uncertainty.replicate(labels, scores, scored.metrics.threshold, weights), error


def _parts(count: int) -> int:
    return max(1, -(-count // BATCH))

# SPDX-License-Identifier: Apache-2.0
"""How sure the figures of an evaluation are: bootstrap intervals, equal error rate, calibration error.

Images of one source photograph are alike, so that whole sources are drawn with replacement (the cluster bootstrap;
Davison and Hinkley 1997, section 3.8), and the same draws serve every platform and group: a mean over platforms has an
interval, too.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from tinydf.metrics.figures import threshold_accuracies

REPLICATES = 1000
LEVEL = 0.95
BINS = 15
SEED = 0

Interval = tuple[float, float]
Numbers = NDArray[np.float64]


class Certainty(BaseModel):
    """What counts alone do not say of some images.

    `intervals` has the 95 % bootstrap interval of each figure (`balanced_accuracy`, `auc`, `eer`, `tpr`, `tnr`);
    a figure that the images cannot give (a class is missing, or there is one source) has none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    eer: float | None
    calibration_error: float | None
    intervals: dict[str, Interval]


class AfterSharing(BaseModel):
    """Balanced accuracy over the social platforms: its mean, with the interval, and the worst."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean: float
    interval: Interval | None
    worst: float
    worst_platform: str


class Draws:
    """How often each source is drawn in each replicate; the first line is the sources themselves, once each."""

    def __init__(self, sources: Iterable[str], seed: int = SEED) -> None:
        """Draw.

        Args:
            sources: the names of all sources, in any order and any number of times.
            seed: of the draws.
        """
        self._names = {name: place for place, name in enumerate(sorted(set(sources)))}
        count = len(self._names)
        drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), REPLICATES)
        self._counts = np.vstack([np.ones(count), drawn])

    def weights(self, sources: Iterable[str]) -> Numbers:
        """How often each image counts, float64 [1 + replicates, images]."""
        places = [self._names[one] for one in sources]
        return self._counts[:, places]


def replicate(labels: NDArray[np.int64], scores: Numbers, threshold: float, weights: Numbers) -> dict[str, Numbers]:
    """Figures under each line of weights, float64 [lines]; NaN where a class is missing.

    Args:
        labels: 0 real, 1 fake.
        scores: larger is more likely fake.
        threshold: above it an image is called fake.
        weights: float64 [lines, images].
    """
    fake, real = weights * (labels == 1), weights * (labels == 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        tpr = fake[:, scores > threshold].sum(1) / fake.sum(1)
        tnr = real[:, scores <= threshold].sum(1) / real.sum(1)
        missed, passed = _cumulative(scores, fake), _cumulative(scores, real)
    return {
        "balanced_accuracy": (tpr + tnr) / 2,
        "auc": _auc(missed, passed),
        "eer": _equal_error_rate(missed, passed),
        "tpr": tpr,
        "tnr": tnr,
    }


def ranking(labels: NDArray[np.int64], scores: Numbers, weights: Numbers) -> dict[str, Numbers]:
    """Figures of an order alone, under each line of weights, float64 [lines]; NaN where a class is missing.

    Average precision is the sum of precisions over steps of recall, and depends on how many images each class has;
    the true positive rates are the best at no more than 1 % and 5 % of false positives.

    Args:
        labels: 0 real, 1 fake.
        scores: larger is more likely fake.
        weights: float64 [lines, images].
    """
    fake, real = weights * (labels == 1), weights * (labels == 0)
    fakes, reals = fake.sum(1, keepdims=True), real.sum(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        missed, passed = _cumulative(scores, fake), _cumulative(scores, real)
        found, accused = fakes * (1 - missed[:, :-1]), reals * (1 - passed[:, :-1])
        precision = np.where(found > 0, found / (found + accused), 0)
    nothing = np.isnan(missed[:, -1]) | np.isnan(passed[:, -1])
    figures = {"average_precision": (np.diff(missed) * precision).sum(1)}
    for percent in (1, 5):
        allowed = 1 - passed <= percent / 100 + 1e-12
        figures[f"tpr_at_{percent}_fpr"] = np.where(allowed, 1 - missed, 0).max(1)
    return {name: np.where(nothing, np.nan, values) for name, values in figures.items()}


def one_standard_error_threshold(labels: NDArray[np.int64], scores: Numbers, sources: Sequence[str]) -> float:
    """The lowest threshold whose balanced accuracy is within one standard error of the best.

    Generators that nobody has seen score lower than those that a threshold is chosen by. This is how far down it may
    go before these images tell the difference: the one-standard-error rule (Breiman, Friedman, Olshen, Stone 1984,
    section 3.4.3), the error being that of the best threshold over draws of whole sources.

    Raises:
        ValueError: if a class is missing.
    """
    middles, accuracy = threshold_accuracies(labels, scores)
    best = int(accuracy.argmax())
    drawn = replicate(labels, scores, float(middles[best]), Draws(sources).weights(sources))["balanced_accuracy"][1:]
    return float(middles[np.argmax(accuracy >= accuracy[best] - np.nanstd(drawn))])


def interval(values: Numbers) -> Interval | None:
    """The central 95 % of the replicates, float64 [1 + replicates] with the figure itself first; None if there is none.

    A replicate may lack a class; so many may lack it that there is nothing to say.
    """
    drawn = values[1:][~np.isnan(values[1:])]
    if np.isnan(values[0]) or len(drawn) < REPLICATES // 2:
        return None
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def chance(scores: Numbers, temperature: float) -> Numbers:
    """The chance of a fake that scores say, `sigmoid(score / temperature)`, without overflow."""
    probability: Numbers = (1 + np.tanh(scores / temperature / 2)) / 2
    return probability


def calibration_error(labels: NDArray[np.int64], scores: Numbers, temperature: float) -> float | None:
    """Expected calibration error of `sigmoid(score / temperature)`, both classes weighing the same.

    Fifteen bins of equal width (Guo et al. 2017, arXiv 1706.04599); None if a class is missing.
    """
    fakes = int(labels.sum())
    if not 0 < fakes < len(labels):
        return None
    weights = np.where(labels == 1, 0.5 / fakes, 0.5 / (len(labels) - fakes))
    said = chance(scores, temperature)
    bins = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    return float(np.abs(np.bincount(bins, weights * (said - labels), BINS)).sum())


def certainty(figures: dict[str, Numbers], error: float | None) -> Certainty:
    """Sum up replicates; `error` is the calibration error."""
    eer = float(figures["eer"][0])
    found = {name: interval(values) for name, values in figures.items()}
    return Certainty(
        eer=None if np.isnan(eer) else eer,
        calibration_error=error,
        intervals={name: one for name, one in found.items() if one},
    )


def after_sharing(balanced_accuracy: dict[str, Numbers]) -> AfterSharing | None:
    """Sum up the replicates of social platforms' balanced accuracy; None without any, or where a class is missing."""
    if not balanced_accuracy or any(np.isnan(one[0]) for one in balanced_accuracy.values()):
        return None
    mean = np.mean(list(balanced_accuracy.values()), axis=0)
    worst = min(balanced_accuracy, key=lambda platform: float(balanced_accuracy[platform][0]))
    return AfterSharing(
        mean=float(mean[0]),
        interval=interval(mean),
        worst=float(balanced_accuracy[worst][0]),
        worst_platform=worst,
    )


def _cumulative(scores: Numbers, weights: Numbers) -> Numbers:
    """Share of a class at or below each score there is, ascending, zero first: float64 [lines, scores + 1]."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    groups = np.add.reduceat(weights[:, order], starts, axis=1)
    shares = np.cumsum(groups, axis=1) / weights.sum(1, keepdims=True)
    return np.hstack([np.zeros((len(shares), 1)), shares])


def _auc(missed: Numbers, passed: Numbers) -> Numbers:
    """Area under the ROC curve: a fake above a real counts one, a tie half."""
    area: Numbers = (np.diff(missed) * (passed[:, :-1] + passed[:, 1:]) / 2).sum(1)
    return area


def _equal_error_rate(missed: Numbers, passed: Numbers) -> Numbers:
    """The error where as many fakes are missed as reals accused, between the two thresholds around it."""
    accused = 1 - passed
    gap = missed - accused
    after = np.argmax(gap >= 0, axis=1)
    lines = np.arange(len(gap))
    before = np.maximum(after - 1, 0)
    below, above = gap[lines, before], gap[lines, after]
    part = np.where(above > below, -below / np.where(above > below, above - below, 1), 0.0)
    rate: Numbers = missed[lines, before] + part * (missed[lines, after] - missed[lines, before])
    return np.where(np.isnan(gap).any(axis=1), np.nan, rate)

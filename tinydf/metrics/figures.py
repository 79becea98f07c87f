# SPDX-License-Identifier: Apache-2.0
"""Figures of a two-class detector from its scores, in NumPy alone: training, bench and report count in the same way.

Everywhere: labels are int [images], 0 real and 1 fake; scores are float [images], larger is more likely fake; an image
is called fake if its score is above the threshold.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict

PLATEAU = 0.005
"""Thresholds whose balanced accuracy is this near to the best count as equally good."""


class Figures(BaseModel):
    """Counts and rates at one threshold; a rate is None where there is no image to count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: int
    true_positives: int
    false_negatives: int
    true_negatives: int
    false_positives: int
    tpr: float | None
    tnr: float | None
    balanced_accuracy: float | None
    auc: float | None


def figures_at(labels: ArrayLike, scores: ArrayLike, threshold: float) -> Figures:
    """Everything that can be said about some images' scores at a threshold."""
    truth, values = _arrays(labels, scores)
    return figures(truth, values > threshold, auc(truth, values))


def figures(labels: ArrayLike, verdicts: ArrayLike, area: float | None = None) -> Figures:
    """The same from verdicts, bool [images], where a device decided; `area` is the AUC, if scores are known."""
    true_positives, false_negatives, true_negatives, false_positives = confusion(labels, verdicts)
    tpr = _rate(true_positives, false_negatives)
    tnr = _rate(true_negatives, false_positives)
    return Figures(
        images=true_positives + false_negatives + true_negatives + false_positives,
        true_positives=true_positives,
        false_negatives=false_negatives,
        true_negatives=true_negatives,
        false_positives=false_positives,
        tpr=tpr,
        tnr=tnr,
        balanced_accuracy=None if tpr is None or tnr is None else (tpr + tnr) / 2,
        auc=area,
    )


def confusion(labels: ArrayLike, verdicts: ArrayLike) -> tuple[int, int, int, int]:
    """True positives, false negatives, true negatives and false positives; fake is positive."""
    fake, called = np.asarray(labels) == 1, np.asarray(verdicts, bool)
    pairs = (fake & called, fake & ~called, ~fake & ~called, ~fake & called)
    true_positives, false_negatives, true_negatives, false_positives = (int(pair.sum()) for pair in pairs)
    return true_positives, false_negatives, true_negatives, false_positives


def balanced_accuracy(labels: ArrayLike, scores: ArrayLike, threshold: float) -> float | None:
    """Mean of the true positive and the true negative rate; None if a class is missing."""
    return figures_at(labels, scores, threshold).balanced_accuracy


def auc(labels: ArrayLike, scores: ArrayLike) -> float | None:
    """Area under the ROC curve, a tie counting half; None if a class is missing."""
    from sklearn.metrics import roc_auc_score  # a second to import

    truth, values = _arrays(labels, scores)
    return float(roc_auc_score(truth, values)) if 0 < truth.sum() < len(truth) else None


def best_threshold(labels: ArrayLike, scores: ArrayLike) -> float:
    """The threshold with the best balanced accuracy, in the middle of all that do about as well around it.

    Raises:
        ValueError: if a class is missing.
    """
    middles, accuracy = threshold_accuracies(labels, scores)
    first = last = int(accuracy.argmax())
    enough = accuracy >= accuracy[first] - PLATEAU
    while first > 0 and enough[first - 1]:
        first -= 1
    while last + 1 < len(enough) and enough[last + 1]:
        last += 1
    return float((middles[first] + middles[last]) / 2)


def threshold_accuracies(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Thresholds between all scores, in rising order, and the balanced accuracy at each, float64 [scores + 1].

    Raises:
        ValueError: if a class is missing.
    """
    truth, values = _arrays(labels, scores)
    if not 0 < truth.sum() < len(truth):
        raise ValueError("a threshold needs images of both classes")
    steps = np.unique(values)
    middles = np.concatenate(([steps[0] - 1], (steps[:-1] + steps[1:]) / 2, [steps[-1] + 1]))
    fakes, reals = np.sort(values[truth == 1]), np.sort(values[truth == 0])
    tpr = 1 - np.searchsorted(fakes, middles, side="right") / len(fakes)
    tnr = np.searchsorted(reals, middles, side="right") / len(reals)
    return middles, (tpr + tnr) / 2


def best_temperature(labels: ArrayLike, scores: ArrayLike) -> float:
    """The number that scores are divided by for the likeliest calibrated log-odds, both classes weighing the same.

    Temperature scaling (Guo et al. 2017, arXiv 1706.04599), between 1/20 and 20, by a search on a logarithmic grid.
    """
    truth, values = _arrays(labels, scores)
    signed = np.where(truth == 1, -values, values)
    share = np.where(truth == 1, truth.mean(), 1 - truth.mean())
    temperatures = np.geomspace(1 / 20, 20, 241)
    losses = [float((np.logaddexp(0, signed / one) / share).mean()) for one in temperatures]
    return float(temperatures[int(np.argmin(losses))])


def mean_balanced_accuracy(groups: Mapping[str, Figures]) -> float:
    """Mean over groups (platforms) of the balanced accuracies that exist."""
    values = [one.balanced_accuracy for one in groups.values() if one.balanced_accuracy is not None]
    return float(np.mean(values))


def _rate(hits: int, misses: int) -> float | None:
    return hits / (hits + misses) if hits + misses else None


def _arrays(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    truth, values = np.asarray(labels, np.int64), np.asarray(scores, np.float64)
    if truth.shape != values.shape or truth.ndim != 1:
        raise ValueError(f"labels {list(truth.shape)} and scores {list(values.shape)} do not pair")
    return truth, values

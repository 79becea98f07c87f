# SPDX-License-Identifier: Apache-2.0
"""Figures a picture, as a forensics reviewer counts: all crops of a picture are one case, by their mean log-odds."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tinydf.metrics.accuracy import Case
from tinydf.metrics.uncertainty import Draws, Interval, interval, ranking, replicate

OF_FAKES = ("balanced_accuracy", "auc", "average_precision", "tpr_at_1_fpr", "tpr_at_5_fpr", "tpr")
OF_REALS = ("tnr",)
TIE = 1e-9
"""Sums of a device's whole steps lie on the threshold or a step off it; floats may lie this far beside it."""


class Measured(BaseModel):
    """A figure with its 95 % bootstrap interval over pictures; None where there are too few."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    interval: Interval | None


class PictureFigures(BaseModel):
    """What a detector does on the pictures of one generator against all reals, or of one collection of reals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: int = Field(description="0 for a collection of reals, 1 for a generator")
    seen: bool = Field(description="whether the detector learned from it; reals count as seen")
    pictures: int = Field(description="as seen on the platform that has most")
    figures: dict[str, dict[str, Measured]] = Field(
        description=f"by platform: {', '.join(OF_FAKES)} of a generator, {', '.join(OF_REALS)} of a collection"
    )


def by_picture(cases: Iterable[Case], threshold: float) -> list[Case]:
    """One case for all those of a picture as seen on a platform: its score is their mean, fake above the threshold."""
    scores: dict[Case, list[float]] = {}
    for one in cases:
        scores.setdefault(one._replace(fake=False, score=0.0), []).append(one.score)
    means = {key: float(np.mean(some)) for key, some in scores.items()}
    return [key._replace(fake=mean - threshold > TIE, score=mean) for key, mean in means.items()]


def measure_pictures(cases: Sequence[Case], known: Mapping[str, bool], threshold: float) -> dict[str, PictureFigures]:
    """Figures of each generator and each collection.

    Args:
        cases: judged images; those with one platform, generator, label and source are a picture's crops.
        known: of each generator, whether the detector learned from it.
        threshold: of the mean score.
    """
    pictures = by_picture(cases, threshold)
    draws = Draws(one.source for one in pictures)
    found: dict[str, PictureFigures] = {}
    for name in sorted({one.generator for one in pictures}):
        mine = [one for one in pictures if one.generator == name]
        label = mine[0].label
        platforms = dict.fromkeys(one.platform for one in mine)
        figures = {}
        for platform in platforms:
            against = [one for one in pictures if label and not one.label]
            some = [one for one in mine + against if one.platform == platform]
            figures[platform] = _figures(some, threshold, draws, OF_FAKES if label else OF_REALS)
        most = max(sum(one.platform == platform for one in mine) for platform in platforms)
        found[name] = PictureFigures(label=label, seen=known[name], pictures=most, figures=figures)
    return found


def _figures(cases: Sequence[Case], threshold: float, draws: Draws, names: Sequence[str]) -> dict[str, Measured]:
    labels = np.array([one.label for one in cases], np.int64)
    scores = np.array([one.score for one in cases])
    weights = draws.weights(one.source for one in cases)
    values = replicate(labels, scores, threshold + TIE, weights) | ranking(labels, scores, weights)
    return {
        name: Measured(value=float(values[name][0]), interval=interval(values[name]))
        for name in names
        if not np.isnan(values[name][0])
    }

# SPDX-License-Identifier: Apache-2.0
"""The shortcut audit: how well do things separate real from fake that have nothing to do with how a picture was made?

Pictures from the web differ by format, size and JPEG quality because their collectors differ. A detector that learns
this looks excellent and knows nothing. So a small classifier is given each of these alone, and the AUC that it
reaches on pictures that it did not learn from is what such a cheat is worth.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tinydf.data.dataset import FAKE, Shortcut
from tinydf.metrics.figures import auc

LARGE = 0.75
"""AUC from which on a shortcut is worth a warning."""

FEWEST = 20
"""Pictures of each class below which an AUC says nothing."""

FOLDS = 5
MOST = 4000
"""Pictures of each class that are looked at."""

SAMPLED = 128
"""Pixels a side, or a little more, by which colours are counted."""

SEAM_LINES = 7
"""Steps between so many lines, all within JPEG's first blocks, are compared."""

STEP = 0.5
"""Grey levels: smaller steps are alike, so that a smooth picture has no seam."""

STANDARD_MEAN = 57.625
"""Mean of the luminance table of ITU-T T.81, K.1, which libjpeg scales by its quality."""


class Traits(NamedTuple):
    """What a cheat could go by, of one picture: a vector of numbers a kind."""

    format: tuple[float, ...]
    size: tuple[float, ...]
    jpeg: tuple[float, ...]
    colour: tuple[float, ...]
    border: tuple[float, ...]


KINDS: dict[str, Callable[[Traits], tuple[float, ...]]] = {
    "format": lambda one: one.format,
    "size": lambda one: one.size,
    "JPEG quality": lambda one: one.jpeg,
    "colour statistics": lambda one: one.colour,
    "border": lambda one: one.border,
}


def traits_of(image: Image.Image, pixels: NDArray[np.uint8], formats: Sequence[str]) -> Traits:
    """What a cheat could go by.

    Args:
        image: the opened file.
        pixels: the same decoded, uint8 [height, width, 3].
        formats: all that there are.
    """
    return Traits(
        format=tuple(float(image.format == name) for name in formats),
        size=(float(image.width), float(image.height)),
        jpeg=(jpeg_quality(image), float(getattr(image, "layers", 0)), *_sampling(image)),
        colour=_colour(pixels),
        border=_border(pixels),
    )


def jpeg_quality(image: Image.Image) -> float:
    """The quality of libjpeg whose luminance table is as coarse as this file's; 100 for what is no JPEG."""
    tables = getattr(image, "quantization", None)
    if not tables:
        return 100.0
    percent = float(np.mean(tables[min(tables)])) / STANDARD_MEAN * 100
    return 100 - percent / 2 if percent <= 100 else 5000 / percent


def _sampling(image: Image.Image) -> tuple[float, float]:
    """How many pixels a colour sample of a JPEG covers, across and down."""
    layers = getattr(image, "layer", None)
    return (float(layers[0][1]), float(layers[0][2])) if layers else (0.0, 0.0)


def _colour(pixels: NDArray[np.uint8]) -> tuple[float, ...]:
    """Means and deviations of the channels and of their differences, and how much is black or white."""
    steps = [max(1, side // SAMPLED) for side in pixels.shape[:2]]
    some = pixels[:: steps[0], :: steps[1]].reshape(-1, 3).astype(np.float32)
    values = np.column_stack([some, some[:, 0] - some[:, 1], some[:, 2] - some[:, 1]])
    ends = [(some <= 2).mean(), (some >= 253).mean()]
    return tuple(map(float, (*values.mean(axis=0), *values.std(axis=0), *ends)))


def _border(pixels: NDArray[np.uint8]) -> tuple[float, ...]:
    """Of each side's outermost line of pixels: is there a seam behind it, and how black and white is it?

    A seam is a step to the next line that is larger than the steps further in; how smooth a picture is does not count.
    """
    grey = pixels.astype(np.float32).mean(axis=2)
    found: list[float] = []
    for lines in (grey, grey[::-1], grey.T, grey.T[::-1]):
        steps = np.abs(np.diff(lines[: SEAM_LINES + 1], axis=0)).mean(axis=1)
        line = lines[0]
        found += [(steps[0] + STEP) / (steps[1:].mean() + STEP), (line <= 2).mean(), (line >= 253).mean()]
    return tuple(map(float, found))


def audit(traits: Sequence[Traits], labels: Sequence[int], generators: Sequence[str]) -> list[Shortcut]:
    """The AUC that each kind of cheat reaches, of each generator's fakes against all reals.

    Args:
        traits: of each picture.
        labels: 0 real, 1 fake.
        generators: what made each.

    Returns:
        The kinds, generator by generator; none where there are too few pictures to tell.
    """
    truth, names = np.array(labels), np.array(generators)
    reals = np.flatnonzero(truth != FAKE)
    found = []
    for generator in sorted(set(names[truth == FAKE])):
        fakes = np.flatnonzero((truth == FAKE) & (names == generator))
        if min(len(reals), len(fakes)) < FEWEST:
            continue
        chosen = np.concatenate([_spread(reals), _spread(fakes)])
        for kind, pick in KINDS.items():
            values = np.array([pick(traits[number]) for number in chosen])
            found.append(Shortcut(kind=kind, generator=generator, auc=round(_cheat(values, truth[chosen]), 3)))
    return found


def warning_lines(shortcuts: Sequence[Shortcut]) -> list[str]:
    """A line for each generator that a cheat finds without looking at how its pictures were made."""
    large = [one for one in shortcuts if one.auc >= LARGE]
    lines = []
    for generator in dict.fromkeys(one.generator for one in large):
        mine = sorted((one for one in large if one.generator == generator), key=lambda one: -one.auc)
        said = ", ".join(f"{one.kind} alone AUC {one.auc:.2f}" for one in mine)
        lines.append(f"shortcut: {generator} can be told from the reals without its traces: {said}")
    return lines


def _spread(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most `MOST` of them, evenly spaced."""
    spread: NDArray[np.int64] = numbers[np.unique(np.linspace(0, len(numbers) - 1, min(MOST, len(numbers)), dtype=int))]
    return spread


def _cheat(values: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """AUC of a small forest on pictures that it did not learn from; a half if there is nothing to learn."""
    if not np.ptp(values, axis=0).any():
        return 0.5
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    forest = RandomForestClassifier(50, max_depth=5, min_samples_leaf=5, class_weight="balanced", random_state=0)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = cross_val_predict(forest, values, truth, cv=folds, method="predict_proba")[:, 1]
    return max(auc(truth, scores) or 0.5, 0.5)

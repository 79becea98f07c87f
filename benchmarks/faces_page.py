# SPDX-License-Identifier: Apache-2.0
"""`faces.md`: the figures of `benchmarks/faces.py` beside the goals, from the trainings alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from tinydf.data.dataset import PLATFORMS, PRE_SOCIAL
from tinydf.metrics.accuracy import Accuracy

SHARED = PLATFORMS[1:]
STRANGERS = ("x4plus", "fhae")
"""The goals for generators never seen in training are about these two: Real-ESRGAN and the face autoencoder."""


class Trained(BaseModel):
    """One training, exported to int8 and judged on faces of sources that it never saw."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    detector: str
    seed: int
    identity: str
    parameters: int
    macs: int
    tflite_bytes: int
    accuracy: Accuracy

    def seen(self, platform: str) -> float:
        """Balanced accuracy, generators of the training."""
        return _given(self.accuracy.seen[platform].balanced_accuracy)

    def unseen(self, platform: str) -> float:
        """Balanced accuracy, all other generators."""
        return _given(self.accuracy.unseen[platform].balanced_accuracy)

    def unseen_generators(self, platform: str) -> float:
        """Balanced accuracy, the two generators of the goals."""
        generators = [self.accuracy.generators[name] for name in STRANGERS]
        found = sum(one.rate[platform] * one.images for one in generators) / sum(one.images for one in generators)
        return (found + _given(self.accuracy.seen[platform].tnr)) / 2


class Results(BaseModel):
    """`faces.json`; `sources` is the pattern that the judged images' sources fit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    dataset_sha256: str
    torch: str
    sources: str
    trained: list[Trained]


@dataclass(frozen=True)
class Goal:
    """What a figure is to reach, as a mean over the trainings."""

    what: str
    read: Callable[[Trained], float]
    least: float

    def value(self, trained: Sequence[Trained]) -> float:
        """That mean."""
        return float(np.mean([self.read(one) for one in trained]))


GOALS = (
    Goal("seen generators, pre-social", lambda one: one.seen(PRE_SOCIAL), 0.99),
    Goal("seen generators, after sharing, mean", lambda one: _mean(one.seen), 0.95),
    Goal("after sharing, worst platform", lambda one: min(map(one.seen, SHARED)), 0.90),
    Goal("x4plus and fhae, never seen, pre-social", lambda one: one.unseen_generators(PRE_SOCIAL), 0.90),
    Goal("x4plus and fhae, after sharing, mean", lambda one: _mean(one.unseen_generators), 0.85),
)
MOST_BYTES = {"phinet-faces": 200_000, "micronet-faces": 450_000}
MOST_BEHIND = 0.02
"""How far the second detector may stay behind the first in any of these figures."""

GROUPS = {
    "seen": Trained.seen,
    "never seen": Trained.unseen,
    "x4plus and fhae": Trained.unseen_generators,
}


def page(results: Results, wanted: int) -> str:
    """The whole page as Markdown; `wanted` is how many trainings it is to have."""
    detectors = list(dict.fromkeys(one.detector for one in results.trained))
    by_detector = {name: [one for one in results.trained if one.detector == name] for name in detectors}
    lines = [
        "# Faces",
        "",
        "Written by `make bench-faces`; what is done is in `benchmarks/faces.py`. int8, by the compiled C that a board",
        "runs: balanced accuracy on the full tier's held-out faces, at one threshold that validation data chose.",
        "It is regeneration by neural up-samplers, not the synthesis of whole faces (docs/reference/data.md).",
        "",
        f"{len(results.trained)} of {wanted} trainings are there."
        + ("" if len(results.trained) == wanted else " The command resumes with the others."),
        "",
        "## Goals",
        "",
        "Means over the seeds so far, with the lowest and the highest.",
        "",
        _row("", "goal", *(f"{name}, seeds: {len(by_detector[name])}" for name in detectors)),
        _row("---", *["---:"] * (1 + len(detectors))),
        *(
            _row(goal.what, f"{goal.least:.2f}", *(_judged(goal, by_detector[name]) for name in detectors))
            for goal in GOALS
        ),
        _row(
            "bytes of the .tflite, at most",
            " and ".join(f"{MOST_BYTES[name]:,}" for name in detectors),
            *(_size(by_detector[name], MOST_BYTES[name]) for name in detectors),
        ),
        _row(
            f"behind {detectors[0]} in any of these, at most",
            f"{MOST_BEHIND:.2f}",
            *(_behind(by_detector[name], by_detector[detectors[0]]) for name in detectors),
        ),
        "",
        "## By generator",
        "",
        "Share of its images that are rightly judged, as a mean over the seeds: fakes found, photographs and their",
        "classical resamplings passed.",
        "",
        _row("detector", "generator", "", *PLATFORMS),
        _row("---", "---", "---", *["---:"] * len(PLATFORMS)),
        *(line for name in detectors for line in _generators(name, by_detector[name])),
        "",
        "## Every training",
        "",
        _row("detector", "seed", "generators", *PLATFORMS, "mean after sharing"),
        _row("---", "---", "---", *["---:"] * (len(PLATFORMS) + 1)),
        *(line for one in results.trained for line in _training(one)),
        "",
    ]
    return "\n".join(lines)


def _judged(goal: Goal, trained: Sequence[Trained]) -> str:
    values = [goal.read(one) for one in trained]
    mark = "✓" if goal.value(trained) >= goal.least else "✗"
    return f"{goal.value(trained):.3f} ({min(values):.3f} to {max(values):.3f}) {mark}"


def _size(trained: Sequence[Trained], most: int) -> str:
    largest = max(one.tflite_bytes for one in trained)
    return f"{largest:,} {'✓' if largest <= most else '✗'}"


def _behind(trained: Sequence[Trained], first: Sequence[Trained]) -> str:
    if trained is first:
        return "-"
    behind = max(goal.value(first) - goal.value(trained) for goal in GOALS)
    return f"{behind:.3f} {'✓' if behind <= MOST_BEHIND else '✗'}"


def _generators(detector: str, trained: Sequence[Trained]) -> list[str]:
    lines = []
    for name, figures in trained[0].accuracy.generators.items():
        kind = "real" if not figures.label else "fake, seen" if figures.seen else "fake, never seen"
        rates = [
            f"{np.mean([one.accuracy.generators[name].rate[platform] for one in trained]):.2f}"
            for platform in PLATFORMS
        ]
        lines.append(_row(detector, name, kind, *rates))
    return lines


def _training(one: Trained) -> list[str]:
    return [
        _row(
            one.detector,
            str(one.seed),
            name,
            *(f"{read(one, platform):.3f}" for platform in PLATFORMS),
            f"{np.mean([read(one, platform) for platform in SHARED]):.3f}",
        )
        for name, read in GROUPS.items()
    ]


def _mean(read: Callable[[str], float]) -> float:
    return float(np.mean([read(platform) for platform in SHARED]))


def _given(figure: float | None) -> float:
    """A figure of both classes, which every test split of the full tier has."""
    if figure is None:
        raise ValueError("a class is missing")
    return figure


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"

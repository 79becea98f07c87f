# SPDX-License-Identifier: Apache-2.0
"""Figures by platform and by generator, of verdicts from wherever they come: a board, the host, a network in floats."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from tinydf.metrics.figures import Figures, auc, figures


class Case(NamedTuple):
    """One image judged. `score` is larger the more likely fake, in any unit; `source` is the picture it is of."""

    platform: str
    generator: str
    label: int
    fake: bool
    score: float
    source: str = ""


class GeneratorFigures(BaseModel):
    """Share of one generator's images that were judged right, by platform."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: int
    seen: bool
    images: int
    rate: dict[str, float]


class Accuracy(BaseModel):
    """Figures by platform; fakes are positive.

    `seen` has the reals (photographs and classical controls) and the generators that training saw; `unseen` the same
    reals and the other generators, and is empty where there are none; `all` has everything.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seen: dict[str, Figures]
    unseen: dict[str, Figures]
    all: dict[str, Figures]
    generators: dict[str, GeneratorFigures]


def measure_accuracy(cases: Sequence[Case], known: Mapping[str, bool]) -> Accuracy:
    """Count cases; `known` says of each generator whether training saw it."""
    platforms = group(cases, "platform")
    seen = {name: _figures(pick(some, known, seen=True)) for name, some in platforms.items()}
    unseen = {name: _figures(pick(some, known, seen=False)) for name, some in platforms.items()}
    has_unseen = any(one.label and not known[one.generator] for one in cases)
    return Accuracy(
        seen=seen,
        unseen=unseen if has_unseen else {},
        all={name: _figures(some) for name, some in platforms.items()},
        generators={name: _generator(some, known[name]) for name, some in sorted(group(cases, "generator").items())},
    )


def pick(cases: Iterable[Case], known: Mapping[str, bool], seen: bool) -> list[Case]:
    """All reals, and the fakes of generators that training saw, or that it did not."""
    return [one for one in cases if not one.label or known[one.generator] == seen]


def group(cases: Iterable[Case], field: str) -> dict[str, list[Case]]:
    """Cases by the value of a field, in the order in which the values come."""
    groups: dict[str, list[Case]] = {}
    for one in cases:
        groups.setdefault(getattr(one, field), []).append(one)
    return groups


def _figures(cases: list[Case]) -> Figures:
    labels = [one.label for one in cases]
    return figures(labels, [one.fake for one in cases], auc(labels, [one.score for one in cases]))


def _generator(cases: list[Case], seen: bool) -> GeneratorFigures:
    rate = {
        platform: sum(one.fake == bool(one.label) for one in some) / len(some)
        for platform, some in group(cases, "platform").items()
    }
    return GeneratorFigures(label=cases[0].label, seen=seen, images=len(cases), rate=rate)

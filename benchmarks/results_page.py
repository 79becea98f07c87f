# SPDX-License-Identifier: Apache-2.0
"""`docs/reference/results.md`: the table of `benchmarks/results.py`, and its questions answered from the figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

Setting = Literal["plain", "augmentation", "ssl", "ssl-augmentation"]
SETTINGS: dict[Setting, str] = {
    "plain": "plain",
    "augmentation": "compression augmentation",
    "ssl": "pre-training, fine-tuning",
    "ssl-augmentation": "pre-training, augmentation",
}
BEST: Setting = "augmentation"
"""The setting by which compact networks are compared with the large one; chosen beforehand, not by the figures."""


class Figure(BaseModel):
    """Balanced accuracy, with its 95 % bootstrap interval over sources."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    interval: tuple[float, float] | None


class Group(BaseModel):
    """One group of generators: fresh images, the mean over platforms, and the worst of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pre_social: Figure
    after_sharing: Figure
    worst: float

    @property
    def gap(self) -> float:
        """What sharing costs."""
        return self.pre_social.value - self.after_sharing.value


class Cell(BaseModel):
    """One detector trained one way with one seed, judged by sources that training never saw."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    detector: str
    setting: Setting
    seed: int
    identity: str
    parameters: int
    macs: int
    seconds: float
    seen: Group
    unseen: Group


class Results(BaseModel):
    """`results.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    dataset_sha256: str
    torch: str
    cells: list[Cell]

    def of(self, detector: str, setting: Setting) -> list[Cell]:
        """The cells of one line of the table, by seed."""
        return [cell for cell in self.cells if (cell.detector, cell.setting) == (detector, setting)]


@dataclass(frozen=True)
class Spread:
    """A difference, one value a seed."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean(self.values))

    @property
    def sign(self) -> int:
        """1 or -1 if all seeds agree (of which there are two at least), 0 otherwise."""
        signs = {float(np.sign(value)) for value in self.values}
        return int(signs.pop()) if len(self.values) > 1 and len(signs) == 1 else 0

    def __str__(self) -> str:
        if len(self.values) == 1:
            return f"{self.mean:+.3f} (one seed)"
        return f"{self.mean:+.3f} ({min(self.values):+.3f} to {max(self.values):+.3f} over {len(self.values)} seeds)"


def page(results: Results, compact: Sequence[str], large: str, seeds: int) -> str:
    """The whole page as Markdown."""
    wanted = dict.fromkeys(compact, seeds) | {large: 1}
    total = sum(wanted.values()) * len(SETTINGS)
    lines = [
        "# Results",
        "",
        "Written by `make results`; what is done is in `benchmarks/results.py`. Balanced accuracy on held-out sources",
        "of the full tier, in floats, at the threshold that validation data chose. Generators that training saw, and",
        "ones that it never saw; fresh images (*pre*), the mean over Facebook, Telegram and X (*post*), and the worst",
        "of these. Every training has as many images, and every pre-training (SimCLR) as many views: short ones, so",
        "that the whole table takes about three hours on two cores. `models/*/README.md` says what longer ones reach.",
        "All four networks stand behind the same fixed first layer (docs/how-to/train.md), which PhiNet has by itself.",
        "",
        f"{len(results.cells)} of {total} cells are there."
        + ("" if len(results.cells) == total else " The others are not measured yet; the command resumes with them."),
        "",
        "## Means over seeds",
        "",
        "± is half the range over the seeds.",
        "",
        "| detector | trained | seeds | seen, pre | post | worst | never seen, pre | post | worst |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
        *(_line(results, detector, setting) for detector in wanted for setting in SETTINGS),
        "",
        "## How much of the gap does pre-training close, and what does it cost?",
        "",
        *(_pretraining(results, detector) for detector in wanted),
        "",
        "## How far are compact networks from the large one?",
        "",
        *(_compared(results, detector, large) for detector in compact),
        "",
        "## Every cell",
        "",
        "In brackets, 95 % bootstrap intervals over the source photographs. Minutes are those of training, on a core",
        "that it may have shared.",
        "",
        "| detector | trained | seed | seen, pre | post | never seen, pre | post | minutes |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
        *(_cell(cell) for cell in results.cells),
        "",
    ]
    return "\n".join(lines)


def _line(results: Results, detector: str, setting: Setting) -> str:
    cells = results.of(detector, setting)
    figures = [
        _mean(cells, read)
        for group in ("seen", "unseen")
        for read in (
            lambda cell, group=group: getattr(cell, group).pre_social.value,
            lambda cell, group=group: getattr(cell, group).after_sharing.value,
            lambda cell, group=group: getattr(cell, group).worst,
        )
    ]
    return f"| {detector} | {SETTINGS[setting]} | {len(cells)} | {' | '.join(figures)} |"


def _mean(cells: Sequence[Cell], read: Callable[[Cell], float]) -> str:
    values = [read(cell) for cell in cells]
    if not values:
        return "-"
    spread = f" ±{(max(values) - min(values)) / 2:.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


def _cell(cell: Cell) -> str:
    figures = [
        f"{figure.value:.3f}" + (f" [{figure.interval[0]:.3f}, {figure.interval[1]:.3f}]" if figure.interval else "")
        for group in (cell.seen, cell.unseen)
        for figure in (group.pre_social, group.after_sharing)
    ]
    minutes = f"{cell.seconds / 60:.1f}"
    return f"| {cell.detector} | {SETTINGS[cell.setting]} | {cell.seed} | {' | '.join(figures)} | {minutes} |"


def differences(
    results: Results, detector: str, one: Setting, other: Setting, read: Callable[[Cell], float]
) -> Spread | None:
    """By how much a figure is higher the one way than the other, seed by seed; None where no seed has both."""
    others = {cell.seed: cell for cell in results.of(detector, other)}
    pairs = [(cell, others[cell.seed]) for cell in results.of(detector, one) if cell.seed in others]
    return Spread(tuple(read(a) - read(b) for a, b in pairs)) if pairs else None


def _pretraining(results: Results, detector: str) -> str:
    """The first question, of one detector: without augmentation, and on top of it."""
    alone = differences(results, detector, "plain", "ssl", lambda cell: cell.seen.gap)
    cost = differences(results, detector, "ssl", "plain", lambda cell: cell.seen.pre_social.value)
    if alone is None or cost is None:
        return f"- **{detector}**: not measured yet."
    gap = float(np.mean([cell.seen.gap for cell in results.of(detector, "plain")]))
    undecided = "the seeds do not agree" if len(alone.values) > 1 else "one seed cannot say"
    verdict = {1: "it narrows the gap", -1: "no, it widens the gap", 0: undecided}
    share = f", {alone.mean / gap:.0%} of it" if gap > 0 else ""
    text = (
        f"- **{detector}**: {verdict[alone.sign]}. Sharing costs {gap:.3f} without pre-training; pre-training takes "
        f"away {alone}{share}, and changes accuracy on fresh images by {cost}."
    )
    on_top = differences(
        results, detector, "ssl-augmentation", "augmentation", lambda cell: cell.seen.after_sharing.value
    )
    return text + (f" On top of augmentation it changes accuracy after sharing by {on_top}." if on_top else "")


def _compared(results: Results, detector: str, large: str) -> str:
    """The second question, of one detector."""
    own, its = results.of(detector, BEST), results.of(large, BEST)
    if not own or not its:
        return f"- **{detector}** against {large}: not measured yet."
    parts = [
        f"{_mean(own, read)} against {_mean(its, read)} {what}"
        for what, read in (
            ("on fresh images", lambda cell: cell.seen.pre_social.value),
            ("after sharing", lambda cell: cell.seen.after_sharing.value),
            ("after sharing, of generators never seen", lambda cell: cell.unseen.after_sharing.value),
        )
    ]
    return (
        f"- **{detector}**, with {own[0].parameters / its[0].parameters:.1%} of the parameters of {large} and "
        f"{own[0].macs / its[0].macs:.1%} of its MACs, both with {SETTINGS[BEST]}: {'; '.join(parts)}."
    )

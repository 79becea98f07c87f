# SPDX-License-Identifier: Apache-2.0
"""Plots as inline SVG that takes its colours and its type from the page, so that it follows light and dark."""

import io
import re
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import roc_curve

from tinydf.artefacts.plan import Plan
from tinydf.bench.summary import LayerTicks as Profiled
from tinydf.metrics.accuracy import Case
from tinydf.report.plan import boxes

# What is drawn in these colours takes the page's variable of that name.
PAGE = {
    "#010101": "ink",
    "#020202": "muted",
    "#030303": "rule",
    "#040404": "series-1",
    "#050505": "series-2",
    "#060606": "series-3",
    "#070707": "series-4",
    "#080808": "stage-1",
    "#090909": "stage-2",
    "#0a0a0a": "stage-3",
    "#0b0b0b": "stage-4",
}
INK, MUTED, RULE, *COLOURS = PAGE
SERIES, STAGES = COLOURS[:4], COLOURS[4:]
WIDTH = 9.4
STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.transparent": True,
}
DASHES = ("-", "--", "-.", ":")


def accuracy(stages: Mapping[str, Mapping[str, float | None]], platforms: Mapping[str, str]) -> str:
    """Balanced accuracy by platform, one bar a stage.

    Args:
        stages: title -> platform -> balanced accuracy.
        platforms: platform -> its title.
    """
    with mpl.rc_context(STYLE | {"svg.hashsalt": "accuracy"}):
        figure = Figure(figsize=(WIDTH, 2.6), layout="constrained")
        axes = figure.add_subplot()
        width = 0.8 / len(stages)
        colours = STAGES[-len(stages) :]
        for number, (title, values) in enumerate(stages.items()):
            places = np.arange(len(platforms)) + (number - (len(stages) - 1) / 2) * width
            heights = [values.get(name) or 0.0 for name in platforms]
            bars = axes.bar(places, heights, width * 0.92, color=colours[number], label=title)
            axes.bar_label(bars, [f"{height:.2f}" for height in heights], fontsize=7.5, padding=1)
        axes.set_xticks(range(len(platforms)), list(platforms.values()))
        axes.set_ylim(0, 1.08)
        axes.set_yticks([0, 0.5, 1])
        axes.axhline(0.5, color=MUTED, linewidth=0.8, linestyle=":")
        axes.tick_params(axis="x", length=0)
        figure.legend(loc="outside upper left", ncols=len(stages), fontsize=8)
        return _svg(figure, "Bars of balanced accuracy by platform; the table below has the figures")


def roc(panels: Mapping[str, Mapping[str, Sequence[Case]]]) -> str:
    """ROC curves (Fawcett 2006), a panel each of which has a curve by title; fakes are positive."""
    with mpl.rc_context(STYLE | {"svg.hashsalt": "roc"}):
        figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
        for number, (title, curves) in enumerate(panels.items(), start=1):
            axes = figure.add_subplot(1, len(panels), number)
            axes.plot([0, 1], [0, 1], color=RULE, linewidth=1)
            for (name, cases), colour, dash in zip(curves.items(), SERIES, DASHES, strict=False):
                labels, scores = [one.label for one in cases], [one.score for one in cases]
                if 0 < sum(labels) < len(labels):
                    false, true, _ = roc_curve(labels, scores)
                    axes.plot(false, true, color=colour, linestyle=dash, linewidth=1.6, label=name, clip_on=False)
            axes.set(title=title, xlabel="reals called fake", ylabel="fakes found", xlim=(0, 1), ylim=(0, 1))
            axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
            axes.grid()
            axes.set_aspect("equal")
            axes.legend(loc="lower right", fontsize=8)
        return _svg(figure, "ROC curves by platform; the tables give the areas under them")


def layers(plan: Plan, profiled: Sequence[Profiled], unit: str) -> str:
    """Each layer's ticks and multiply-accumulates, as bars side by side.

    Args:
        plan: the compiled model's.
        profiled: the engine's layers with their ticks; drawn only if they are the plan's, as another engine's are not.
        unit: of the ticks.
    """
    titles = [f"{layer.operator} {layer.index}" for layer in plan.layers]
    panels = {"multiply-accumulates": [layer.macs for layer in plan.layers]}
    if len(profiled) == len(titles):
        panels = {unit: [layer.ticks for layer in profiled], **panels}
    with mpl.rc_context(STYLE | {"svg.hashsalt": "layers"}):
        figure = Figure(figsize=(WIDTH, 0.7 + 0.17 * len(titles)), layout="constrained")
        shared = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (title, values), colour in zip(shared, panels.items(), SERIES, strict=False):
            bars = axes.barh(range(len(titles)), values, height=0.72, color=colour)
            axes.bar_label(bars, [_short(value) for value in values], fontsize=6.5, padding=2)
            axes.set_title(f"{title} ({_short(sum(values))})")
            axes.set_yticks(range(len(titles)), titles, fontsize=6.5)
            axes.set_xticks([])
            axes.set_ylim(len(titles) - 0.4, -0.6)
            axes.margins(x=0.14)
            axes.spines[["bottom", "left"]].set_visible(False)
            axes.tick_params(axis="y", length=0)
        return _svg(figure, f"Bars of {unit} and multiply-accumulates by layer")


def arena(plan: Plan) -> str:
    """The memory plan: each tensor as a box, its lifetime in layers across and its place in the arena upwards."""
    with mpl.rc_context(STYLE | {"svg.hashsalt": "arena"}):
        figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
        axes = figure.add_subplot()
        for number, box in enumerate(boxes(plan)):
            corner, width, height = (box.first - 0.5, box.offset / 1024), box.last - box.first + 1, box.bytes / 1024
            colour = SERIES[number % len(SERIES)]
            axes.add_patch(Rectangle(corner, width, height, facecolor=colour, edgecolor=INK, linewidth=0.4, alpha=0.6))
        top, end = plan.arena_bytes / 1024, len(plan.layers) - 0.4
        axes.axhline(top, color=INK, linewidth=1)
        axes.text(end, top, f"{plan.arena_bytes:,} bytes", ha="right", va="bottom", fontsize=8)
        axes.set(xlabel="layer", ylabel="KiB from the arena's start", ylim=(0, top * 1.1), xlim=(-1.6, end))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        return _svg(figure, f"Tensors by layer and place in an arena of {plan.arena_bytes} bytes")


def _short(value: float) -> str:
    """1,234,567 as 1.2 M, and a share of nothing as nothing."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f}" if value else ""


def _svg(figure: Figure, label: str) -> str:
    """The figure as an SVG element of no fixed size, in the page's colours and type; `label` is read out instead."""
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    for colour, variable in PAGE.items():
        svg = svg.replace(colour, f"var(--{variable})")
    for unwanted in (
        r"<metadata>.*?</metadata>",
        r"<style .*?</style>",
        r'(?<=<g) id="[^"]*"',
        r' xmlns(:\w+)?="[^"]*"',
    ):
        svg = re.sub(unwanted, "", svg, flags=re.DOTALL)
    svg = re.sub(r'^<svg [^>]*?(viewBox="[^"]*")[^>]*>', rf'<svg role="img" aria-label="{label}" \1>', svg)
    return re.sub(r"font: ([^;\"]*?)'[^;\"]*", r"font: \1inherit", svg).strip()

# SPDX-License-Identifier: Apache-2.0
"""Plots of an evaluation as SVG files, one panel a detector."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_curve

from tinydf.files import atomic_path
from tinydf.metrics.uncertainty import chance
from tinydf.train.evaluate import Evaluation, Scored

PANEL = 4.2
BINS = 10
# Without it matplotlib would draw random names, and the same figures would not give the same file.
STYLE = {"svg.hashsalt": "tinydf", "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}


def write_plots(scored: Sequence[Scored], evaluations: Sequence[Evaluation], directory: Path) -> None:
    """Write `accuracy.svg`, `roc.svg` and `calibration.svg`; the same figures give the same bytes.

    Args:
        scored: the detectors' scores.
        evaluations: what was made of them, in the same order.
        directory: made if it is not there.

    Raises:
        OSError: if it cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    titles = [one.name for one in evaluations]
    _write(directory / "accuracy.svg", titles, lambda column, axes: _accuracy(evaluations[column], axes))
    _write(directory / "roc.svg", titles, lambda column, axes: _roc(scored[column], axes))
    _write(directory / "calibration.svg", titles, lambda column, axes: _calibration(scored[column], axes))


def _write(path: Path, titles: Sequence[str], draw: Callable[[int, Axes], None]) -> None:
    with mpl.rc_context(STYLE), atomic_path(path) as aside:
        figure = Figure(figsize=(PANEL * len(titles), PANEL), layout="constrained")
        for column, title in enumerate(titles):
            axes = figure.add_subplot(1, len(titles), column + 1)
            draw(column, axes)
            axes.set_title(title, loc="left")
        FigureCanvasSVG(figure).print_svg(aside, metadata={"Date": None})


def _accuracy(evaluation: Evaluation, axes: Axes) -> None:
    """Balanced accuracy by platform with its interval, for each group of generators."""
    for number, (group, by_platform) in enumerate(evaluation.certainty.items()):
        for column, (platform, sure) in enumerate(by_platform.items()):
            value = getattr(evaluation, group)[platform].balanced_accuracy
            if value is None:
                continue
            low, high = sure.intervals.get("balanced_accuracy", (value, value))
            # A bootstrap's percentiles need not enclose the figure itself.
            error = [[max(0.0, value - low)], [max(0.0, high - value)]]
            label = group if column == 0 else None
            axes.errorbar(column + 0.2 * number, value, error, fmt="o", capsize=3, color=f"C{number}", label=label)
    axes.set_xticks(range(len(evaluation.all)), list(evaluation.all))
    axes.set_ylim(top=1.01)
    axes.set_ylabel("balanced accuracy")
    axes.legend()


def _roc(scored: Scored, axes: Axes) -> None:
    for platform, images in scored.images.items():
        accused, caught, _ = roc_curve(images.labels, scored.scores[platform])
        axes.plot(accused, caught, label=platform)
    axes.set_xlabel("reals called fake")
    axes.set_ylabel("fakes called fake")
    axes.legend(loc="lower right")


def _calibration(scored: Scored, axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=0.8)
    for platform, images in scored.images.items():
        said = chance(scored.scores[platform], scored.metrics.temperature)
        share, mean = calibration_curve(images.labels, said, n_bins=BINS)
        axes.plot(mean, share, marker="o", label=platform)
    axes.set_xlabel("chance of fake, as the detector says")
    axes.set_ylabel("share of fakes")
    axes.legend(loc="lower right")

# SPDX-License-Identifier: Apache-2.0
"""Tables of figures on standard output."""

from collections.abc import Sequence

from rich.table import Table

from tinydf.artefacts.run import Metrics
from tinydf.cli.console import results
from tinydf.cli.show.pictures import picture_table
from tinydf.metrics.figures import Figures
from tinydf.metrics.uncertainty import Interval
from tinydf.train.evaluate import Evaluation

LEFT = {"platform", "generator", "class", "detector", "trained on"}


def show_metrics(metrics: Metrics) -> None:
    """What a training came to."""
    results.print(_by_platform(f"Validation, best epoch {metrics.best_epoch} of {metrics.epochs}", metrics.validation))
    results.print(
        f"{metrics.parameters} parameters, {metrics.macs / 1e6:.2f} million multiply-accumulates; threshold "
        f"{metrics.threshold:.3f}, temperature {metrics.temperature:.2f}; {metrics.images_per_second:.0f} images/s, "
        f"{metrics.seconds:.0f} s, {metrics.waited:.0%} of them waiting for images"
    )


def show_evaluation(evaluation: Evaluation) -> None:
    """What a detector does on a split, by platform and by generator."""
    where = f"{evaluation.split} split, threshold {evaluation.threshold:.3f}"
    results.print(_with_certainty(f"Generators seen in training, {where}", evaluation, "seen"))
    if evaluation.unseen:
        results.print(_with_certainty(f"Generators never seen, {where}", evaluation, "unseen"))
        results.print(_with_certainty(f"All generators, {where}", evaluation, "all"))
    results.print(_by_generator(evaluation))
    results.print(picture_table(evaluation.pictures))
    for group, shared in evaluation.after_sharing.items():
        results.print(
            f"after sharing, {group}: mean balanced accuracy {shared.mean:.3f}{_range(shared.interval)}, "
            f"worst {shared.worst:.3f} on {shared.worst_platform}"
        )
    results.print("in brackets: 95 % bootstrap intervals over source photographs")


def show_matrix(evaluations: Sequence[Evaluation]) -> None:
    """Several detectors on the platforms that they were trained for, and on the others."""
    platforms = list(dict.fromkeys(platform for one in evaluations for platform in one.seen))
    table = _table("Balanced accuracy, generators seen in training", ["detector", "trained on", *platforms])
    for one in evaluations:
        found = (_balanced(one, "seen", platform) for platform in platforms)
        table.add_row(one.name, ", ".join(one.trained_on), *found)
    results.print(table)
    results.print("in brackets: 95 % bootstrap intervals over source photographs")


def _with_certainty(title: str, evaluation: Evaluation, group: str) -> Table:
    headings = ["platform", "images", "balanced accuracy", "AUC", "EER", "TPR", "TNR", "calibration error"]
    table = _table(title, headings)
    for platform, one in getattr(evaluation, group).items():
        sure = evaluation.certainty[group][platform]
        table.add_row(
            platform,
            str(one.images),
            _balanced(evaluation, group, platform),
            f"{_number(one.auc)}{_range(sure.intervals.get('auc'))}",
            _number(sure.eer),
            _number(one.tpr),
            _number(one.tnr),
            _number(sure.calibration_error),
        )
    return table


def _balanced(evaluation: Evaluation, group: str, platform: str) -> str:
    figures: dict[str, Figures] = getattr(evaluation, group)
    if platform not in figures:
        return "-"
    interval = evaluation.certainty[group][platform].intervals.get("balanced_accuracy")
    return f"{_number(figures[platform].balanced_accuracy)}{_range(interval)}"


def _range(interval: Interval | None) -> str:
    return f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""


def _by_platform(title: str, figures: dict[str, Figures]) -> Table:
    table = _table(title, ["platform", "images", "balanced accuracy", "AUC", "TPR", "TNR"])
    for platform, one in figures.items():
        rates = (one.balanced_accuracy, one.auc, one.tpr, one.tnr)
        table.add_row(platform, str(one.images), *(_number(rate) for rate in rates))
    return table


def _by_generator(evaluation: Evaluation) -> Table:
    platforms = list(evaluation.all)
    table = _table("Rightly judged, by what made the image", ["generator", "class", "training", "images", *platforms])
    for name, one in evaluation.generators.items():
        rates = (_number(one.rate.get(platform)) for platform in platforms)
        table.add_row(name, "fake" if one.label else "real", "seen" if one.seen else "unseen", str(one.images), *rates)
    return table


def _table(title: str, headings: list[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in LEFT else "right")
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

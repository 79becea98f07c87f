"""Tables of figures on standard output."""

from rich.table import Table

from tinydf.console import results
from tinydf.train.evaluate import Evaluation
from tinydf.train.metrics import Figures
from tinydf.train.run import Metrics


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
    results.print(_by_platform(f"Generators seen in training, {where}", evaluation.seen))
    if evaluation.unseen:
        results.print(_by_platform(f"Generators never seen, {where}", evaluation.unseen))
        results.print(_by_platform(f"All generators, {where}", evaluation.all))
    results.print(_by_generator(evaluation))


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
        table.add_column(heading, justify="left" if heading in {"platform", "generator", "class"} else "right")
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

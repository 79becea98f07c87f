# SPDX-License-Identifier: Apache-2.0
"""A bench's figures as tables for the terminal."""

from rich.table import Table

from tinydf.bench.summary import Bench, LineRepairs
from tinydf.metrics.figures import Figures


def accuracy(bench: Bench) -> Table:
    """One line a platform: seen generators, with the confusion behind the figures, and unseen ones beside."""
    table = Table(box=None, pad_edge=False, title=f"On {bench.board}, {bench.engine}", title_justify="left")
    columns = ("", "images", "balanced accuracy", "AUC", "fakes found", "reals passed", "unseen generators", "AUC")
    for column in columns:
        table.add_column(column, justify="right" if column else "left")
    figures = bench.accuracy
    for platform, seen in figures.seen.items():
        table.add_row(
            platform,
            str(figures.all[platform].images),
            _rate(seen.balanced_accuracy),
            _rate(seen.auc),
            f"{seen.true_positives}/{seen.true_positives + seen.false_negatives}",
            f"{seen.true_negatives}/{seen.true_negatives + seen.false_positives}",
            *_unseen(figures.unseen.get(platform)),
        )
    return table


def generators(bench: Bench) -> Table:
    """One line a generator: the share judged right on each platform."""
    table = Table(box=None, pad_edge=False, title="Judged right, by what made the image", title_justify="left")
    platforms = list(bench.accuracy.all)
    for column in ("", "is", "in training", "images", *platforms):
        table.add_column(column, justify="left" if column in {"", "is", "in training"} else "right")
    for name, one in bench.accuracy.generators.items():
        rates = [_rate(one.rate.get(platform)) for platform in platforms]
        table.add_row(name, "fake" if one.label else "real", "seen" if one.seen else "unseen", str(one.images), *rates)
    return table


def cost(bench: Bench) -> Table:
    """What an inference takes, and what it needs."""
    ticks, memory, transfer = bench.ticks, bench.memory, bench.transfer
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = [
        ("images", f"{bench.images:,} of {bench.images_of_split:,}{_crops(bench)}"),
        ("mismatches with the host", f"{bench.mismatches:,}"),
        (f"{ticks.unit} an inference, median", f"{ticks.median:,.0f}"),
        ("  minimum, 99th percentile", f"{ticks.minimum:,} {ticks.percentile_99:,.0f}"),
        ("milliseconds an inference", f"{ticks.milliseconds:.2f}" if ticks.milliseconds is not None else None),
        ("transfer, apart from that", f"{transfer.kilobytes_per_second:.1f} kB/s"),
        ("flash", _bytes(memory.flash_bytes)),
        ("static RAM", _bytes(memory.static_ram_bytes)),
        ("arena", _bytes(memory.arena_bytes)),
        ("peak stack", _bytes(memory.peak_stack_bytes)),
        ("arena's guard words", "whole" if memory.arena_intact else "OVERWRITTEN"),
        ("mended on the line", _mended(bench.repairs)),
    ]
    for name, value in rows:
        if value is not None:
            table.add_row(name, value)
    return table


def operators(bench: Bench) -> Table:
    """Ticks by kind of operator, of one profiled inference; bench.json has them layer by layer."""
    table = Table(box=None, pad_edge=False, title=f"{bench.ticks.unit} by operator", title_justify="left")
    for column in ("", "layers", "ticks", "share"):
        table.add_column(column, justify="right" if column else "left")
    kinds: dict[str, list[int]] = {}
    for layer in bench.layers:
        kinds.setdefault(layer.operator, []).append(layer.ticks)
    total = sum(layer.ticks for layer in bench.layers) or 1
    for kind, ticks in sorted(kinds.items(), key=lambda item: -sum(item[1])):
        table.add_row(kind, str(len(ticks)), f"{sum(ticks):,}", f"{sum(ticks) / total:.1%}")
    return table


def _mended(repairs: LineRepairs | None) -> str | None:
    """The counts that are not 0."""
    if repairs is None:
        return None
    resets = sum(repairs.resets.values())
    counts = {
        f"repeated {repairs.repeated:,}": repairs.repeated,
        f"refused {repairs.refused:,}": repairs.refused,
        f"damaged {repairs.damaged:,} here, {repairs.damaged_at_board:,} at the board": repairs.damaged
        + repairs.damaged_at_board,
        f"resets {resets:,} ({', '.join(repairs.resets)})": resets,
    }
    return "; ".join(text for text, count in counts.items() if count) or "nothing"


def _crops(bench: Bench) -> str:
    return f", {bench.inferences:,} crops" if bench.inferences != bench.images else ""


def _rate(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _bytes(value: int | None) -> str | None:
    return None if value is None else f"{value:,} bytes"


def _unseen(figures: Figures | None) -> tuple[str, str]:
    return (_rate(figures.balanced_accuracy), _rate(figures.auc)) if figures else ("", "")

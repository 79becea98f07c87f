# SPDX-License-Identifier: Apache-2.0
"""The summary on a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table

COSTS = {
    "instructions_per_inference": "emulated instructions an inference",
    "cycles_per_inference": "cycles an inference",
    "flash_bytes": "bytes of flash",
    "static_ram_bytes": "of static RAM",
    "arena_bytes": "of arena",
    "peak_stack_bytes": "of stack at its deepest",
}


def show_summary(summary: dict[str, Any], console: Console) -> None:
    """Print balanced accuracy by stage and platform, and what the model takes of the board."""
    where = f"{summary['board']}{', emulated' if summary['emulated'] else ''}"
    console.print(f"{summary['model']} on {where}: {summary['images']} images, {summary['mismatches']} mismatches")
    console.print(_accuracies(summary))
    figures = [f"{summary[key]:,.0f} {name}" for key, name in COSTS.items() if summary[key] is not None]
    console.print(", ".join(figures), soft_wrap=True)


def _accuracies(summary: dict[str, Any]) -> Table:
    table = Table("balanced accuracy", box=None, pad_edge=False)
    platforms = list(summary["balanced_accuracy"]["device"])
    for platform in platforms:
        table.add_column(platform, justify="right")
    baseline = summary["baseline_balanced_accuracy"]
    stages = {"float, no augmentation": baseline} if baseline else {}
    for name, rates in (stages | summary["balanced_accuracy"]).items():
        values = (rates.get(platform) for platform in platforms)
        table.add_row(name, *("-" if value is None else f"{value:.3f}" for value in values))
    return table

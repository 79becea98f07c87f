# SPDX-License-Identifier: Apache-2.0
"""Measurements as a person reads them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.table import Table

from tinydf.cli.console import results, warn
from tinydf.cli.show.compiler import layer_table
from tinydf.cli.show.pictures import picture_table
from tinydf.data.audit import warning_lines

if TYPE_CHECKING:
    from tinydf.bench.profile import Profile
    from tinydf.bench.simulate import Simulation, Speed


def print_profile(profile: "Profile") -> None:
    """Print a table of layers as they ran, and the model's totals."""
    table = layer_table(profile.unit, "MACs", "per MAC")
    for layer in profile.layers:
        ratio = "" if layer.instructions_per_mac is None else f"{layer.instructions_per_mac:.2f}"
        table.add_row(str(layer.index), layer.operator, f"{layer.instructions:,}", f"{layer.macs:,}", ratio)
    results.print(table)
    ratio = "" if profile.instructions_per_mac is None else f", {profile.instructions_per_mac:.2f} a MAC"
    results.print(f"{profile.instructions:,} {profile.unit} an inference{ratio}, on {profile.board}")
    if profile.library:
        results.print(f"TFLM: {profile.library}", markup=False)
    results.print(f"code {profile.code_bytes:,} bytes, weights and tables {profile.weight_bytes:,}")
    # On the host itself nothing paints the stack.
    stack = f"{profile.peak_stack_bytes:,}" if profile.peak_stack_bytes else "not measured"
    results.print(f"RAM {profile.ram_bytes:,} bytes, stack {stack}")
    results.print("every output byte is TFLM's" if profile.equal else "OUTPUTS DIFFER FROM TFLM'S")


def print_comparison(profiles: "tuple[Profile, ...]") -> None:
    """Print two engines side by side."""
    table = Table(box=None, pad_edge=False)
    table.add_column("on " + profiles[0].board)
    for one in profiles:
        table.add_column(one.engine, justify="right", no_wrap=True)
    rows: dict[str, Callable[[Profile], str]] = {
        profiles[0].unit: lambda one: f"{one.instructions:,}",
        "flash, whole firmware": lambda one: f"{one.flash_bytes:,}",
        "code of the engine": lambda one: f"{one.code_bytes:,}",
        "arena": lambda one: f"{one.ram_bytes:,}",
        "arena is": lambda one: one.arena_origin,
        "stack": lambda one: f"{one.peak_stack_bytes:,}" if one.peak_stack_bytes else "not measured",
        "bytes equal to the interpreter's": lambda one: "yes" if one.equal else "NO",
    }
    for name, show in rows.items():
        table.add_row(name, *(show(one) for one in profiles))
    results.print(table)
    for one in profiles:
        if one.library:
            results.print(f"TFLM: {one.library}", markup=False)


def print_simulation(simulation: "Simulation") -> None:
    """Print the accuracy by platform, and the speed if it was measured."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "images", "balanced accuracy", "AUC", "unseen generators", "AUC"):
        table.add_column(name, justify="right" if name else "left")
    accuracy = simulation.accuracy
    for platform, seen in accuracy.seen.items():
        unseen = accuracy.unseen.get(platform)
        rates = [seen.balanced_accuracy, seen.auc, *((unseen.balanced_accuracy, unseen.auc) if unseen else ())]
        images = str(accuracy.all[platform].images)
        table.add_row(platform, images, *("" if rate is None else f"{rate:.3f}" for rate in rates))
    results.print(table)
    results.print(picture_table(simulation.pictures))
    for line in warning_lines(simulation.shortcuts):
        warn(line)
    results.print(f"{simulation.images:,} images in {simulation.seconds:.1f} s")
    if simulation.speed is not None:
        _print_speed(simulation.speed)


def _print_speed(speed: "Speed") -> None:
    factor = speed.all_cores_images_per_second / speed.interpreter_images_per_second
    results.print(
        f"engine alone: {speed.all_cores_images_per_second:,.0f} images/s on {speed.cores} cores"
        f" ({speed.one_core_images_per_second:,.0f} on one), {factor:.1f} times TFLM's interpreter"
        f" ({speed.interpreter_images_per_second:,.0f}); {speed.mismatches} of {speed.images} outputs differ"
    )

# SPDX-License-Identifier: Apache-2.0
"""The summary on a terminal, with and without a baseline."""

from typing import Any

from rich.console import Console

from tinydf.cli.show.report import show_summary

RATES = {"pre_social": 0.9926, "x": None}
SUMMARY = {
    "board": "nucleo-h743",
    "model": "phinet",
    "emulated": True,
    "images": 40,
    "mismatches": 0,
    "balanced_accuracy": {"float": RATES, "device": RATES},
    "baseline_balanced_accuracy": None,
    "instructions_per_inference": 7636091.0,
    "cycles_per_inference": None,
    "flash_bytes": 113788,
    "static_ram_bytes": 13944,
    "arena_bytes": 54688,
    "peak_stack_bytes": 640,
}

CYCLES = {"instructions_per_inference": None, "cycles_per_inference": 8e6}


def printed(summary: dict[str, Any]) -> str:
    console = Console(width=160)
    with console.capture() as capture:
        show_summary(summary, console)
    return capture.get()


def test_stages_platforms_and_cost_are_named() -> None:
    text = printed(SUMMARY)
    assert "phinet on nucleo-h743, emulated: 40 images, 0 mismatches" in text
    assert "0.993" in text and "7,636,091 emulated instructions an inference" in text
    assert "no augmentation" not in text


def test_a_baseline_stands_first_and_cycles_are_called_cycles() -> None:
    text = printed(SUMMARY | {"baseline_balanced_accuracy": RATES, "emulated": False} | CYCLES)
    assert text.index("no augmentation") < text.index("device")
    assert "8,000,000 cycles an inference" in text and "emulated" not in text

# SPDX-License-Identifier: Apache-2.0
"""The tables of engine.md."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.engine import Baselines, Judgement, Measurement, Report
    from tinydf.bench.profile import Profile

COSTLIEST = 3

_HEAD = """\
# The compiled engine, measured

Made by `make bench-engine`; `engine.json` has the costliest layers too. Instructions are counted on emulated boards,
exactly and repeatably, at the second inference; they are neither cycles nor milliseconds. Code is what the engine and
its kernels take, without weights; RAM is arena and scratch, input and output inside. "Equal": every output byte is that
of TFLM's interpreter. Detectors have random weights here: what they cost hardly depends on what they learned (by its
scales only, which decide on how sums can be rounded: 2 % for micronet-faces).
"""


def markdown(report: "Report", baselines: "Baselines") -> str:
    """All tables, as Markdown."""
    parts = [_HEAD, *(f"- {baseline.name}: {baseline.source}." for baseline in baselines.baseline)]
    for board in dict.fromkeys(one.board for one in report.measurements):
        parts += ["", *_board([one for one in report.measurements if one.board == board], baselines)]
    parts += ["", *_missed(report)]
    if report.speed:
        parts += ["", *_speed(report)]
    return "\n".join(parts) + "\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _board(measured: "list[Measurement]", baselines: "Baselines") -> list[str]:
    names = [baseline.name for baseline in baselines.baseline]
    head = ["", "MACs", "instructions", *names, "of the first", "a MAC", "RAM", "code", "weights", "stack", "equal"]
    lines = [f"## {measured[0].board} ({measured[0].core})", "", _row(*head), _row("---", *["---:"] * (len(head) - 1))]
    for one in measured:
        if one.profile is None:
            lines.append(_row(one.model, f"refused: {one.refused}", *[""] * (len(head) - 2)))
            continue
        p, judged = one.profile, {judgement.figure: judgement for judgement in one.judgements}
        others = [baseline.instructions.get(one.core, {}).get(one.model) for baseline in baselines.baseline]
        lines.append(
            _row(
                one.model,
                f"{p.macs:,}",
                f"{p.instructions:,}" + _mark(judged.get("instructions")),
                *("" if other is None else f"{other:,.0f}" for other in others),
                "" if others[0] is None else f"{p.instructions / others[0]:.2f}",
                ("" if p.instructions_per_mac is None else f"{p.instructions_per_mac:.2f}")
                + _mark(judged.get("instructions_per_mac")),
                f"{p.ram_bytes:,}" + _mark(judged.get("ram_bytes")),
                f"{p.code_bytes:,}" + _mark(judged.get("code_bytes")),
                f"{p.weight_bytes:,}",
                f"{p.peak_stack_bytes:,}",
                "yes" if p.equal else "NO",
            )
        )
    return lines


def _mark(judgement: "Judgement | None") -> str:
    return "" if judgement is None else " ✓" if judgement.met else " ✗"


def _missed(report: "Report") -> list[str]:
    """Goals, those missed with the layers that hold them."""
    judged = [(one, judgement) for one in report.measurements for judgement in one.judgements]
    missed = [(one, judgement) for one, judgement in judged if not judgement.met]
    lines = ["## Goals", "", f"{len(judged) - len(missed)} of {len(judged)} are met (✓ above)."]
    if not missed:
        return lines
    lines += ["", _row("missed", "board", "figure", "value", "goal", "over", "what holds it")]
    lines.append(_row("---", "---", "---", "---:", "---:", "---:", "---"))
    for one, judgement in missed:
        lines.append(
            _row(
                one.model,
                one.board,
                judgement.figure.replace("_", " "),
                f"{judgement.value:,.10g}",
                f"{judgement.goal:,.10g}",
                f"{judgement.value / judgement.goal - 1:.0%}",
                _holds(one, judgement),
            )
        )
    return lines


def _holds(one: "Measurement", judgement: "Judgement") -> str:
    assert one.profile is not None
    if judgement.figure == "ram_bytes":
        return f"no placing of these buffers is below {one.profile.ram_lower_bound:,}"
    return _costliest(one.profile) if judgement.figure.startswith("instructions") else ""


def _costliest(profile: "Profile") -> str:
    layers = sorted(profile.layers, key=lambda layer: -layer.instructions)[:COSTLIEST]
    return "; ".join(
        f"{layer.index} {layer.operator} {layer.instructions / profile.instructions:.0%}"
        + ("" if layer.instructions_per_mac is None else f" at {layer.instructions_per_mac:.2f} a MAC")
        for layer in layers
    )


def _speed(report: "Report") -> list[str]:
    head = ("detector", "TFLM's interpreter", "engine, one core", "times", "engine, all cores", "times", "differing")
    lines = ["## On this machine: images a second (`tinydf simulate`)", "", _row(*head)]
    lines.append(_row("---", *["---:"] * (len(head) - 1)))
    for name, speed in report.speed.items():
        base = speed.interpreter_images_per_second
        lines.append(
            _row(
                name,
                f"{base:,.1f}",
                f"{speed.one_core_images_per_second:,.0f}",
                f"{speed.one_core_images_per_second / base:.1f}",
                f"{speed.all_cores_images_per_second:,.0f} ({speed.cores})",
                f"{speed.all_cores_images_per_second / base:.1f}",
                f"{speed.mismatches} of {speed.images}",
            )
        )
    return lines

# SPDX-License-Identifier: Apache-2.0
"""What `make bench-engine` makes of a profile: goals judged, and tables that say what holds those missed."""

import tomllib

from benchmarks.engine import BASELINES, BOARDS, FILE, HERE, Baselines, Measurement, Model, Report, judge, merged
from benchmarks.engine_table import markdown
from tinydf.bench.profile import LayerProfile, Profile
from tinydf.boards import board as boards
from tinydf.compiler import target_of
from tinydf.files import read_record


def profiled(instructions: int, ram_bytes: int) -> Profile:
    """A profile of one layer."""
    per_mac = instructions / 1000
    layer = LayerProfile(
        index=3,
        operator="CONV_2D",
        name="c",
        kernels=("pointwise_dsp",),
        instructions=instructions,
        macs=1000,
        instructions_per_mac=per_mac,
        weight_bytes=1,
        moved_bytes=1,
    )
    return Profile(
        model_sha256="0" * 64,
        board="nucleo-h743",
        emulated=True,
        target="armv7e-m",
        unit="emulated instructions",
        equal=True,
        instructions=instructions,
        macs=1000,
        instructions_per_mac=per_mac,
        code_bytes=2000,
        weight_bytes=1,
        ram_bytes=ram_bytes,
        ram_lower_bound=1,
        peak_stack_bytes=1,
        arena_intact=True,
        layers=(layer,),
    )


def test_goals_are_judged_and_misses_explained() -> None:
    baselines = Baselines.model_validate(tomllib.loads(BASELINES.read_text(encoding="utf-8")))
    model = Model(name="ad", tflite=b"")
    profile = profiled(instructions=400_000, ram_bytes=1401)
    judged = judge(model, "cortex-m7", profile, baselines)
    assert {one.figure: one.met for one in judged} == {"instructions": False, "ram_bytes": False, "code_bytes": True}
    common: dict[str, str] = {"board": "nucleo-h743", "core": "cortex-m7"}
    measurement = Measurement(model="ad", detector="", **common, profile=profile, judgements=tuple(judged))
    refused = Measurement(model="vww", detector="", **common, profile=None, refused="too large")
    text = markdown(Report(measurements=(measurement, refused), speed={}), baselines)
    assert "400,000 ✗ | 582,543 |" in text
    assert "3 CONV_2D 100% at 400.00 a MAC" in text
    assert "too large" in text
    assert "1 of 3 are met" in text


def test_a_detectors_goal_is_its_architectures() -> None:
    baselines = Baselines.model_validate(tomllib.loads(BASELINES.read_text(encoding="utf-8")))
    judged = judge(Model(name="any", detector="phinet", tflite=b""), "cortex-m7", profiled(1999, 1), baselines)
    assert [(one.figure, one.goal, one.met) for one in judged] == [("instructions_per_mac", 2.0, True)]


def test_boards_are_of_every_target_that_is_emulated() -> None:
    emulated = [boards.load(name) for name in boards.names() if boards.load(name).emulator]
    targets = {target_of(board.core.name).name for board in emulated if not board.hosted}
    assert {target_of(boards.load(name).core.name).name for name in BOARDS} == targets
    assert set(BOARDS) <= {board.name for board in emulated}


def test_the_committed_figures_can_be_added_to() -> None:
    assert read_record(Report, HERE / FILE, "make bench-engine").measurements


def test_figures_that_were_not_measured_again_are_kept() -> None:
    def report(**refusals: str) -> Report:
        common = {"detector": "", "board": "b", "core": "c", "profile": None}
        measurements = [Measurement.model_validate({"model": k, "refused": v, **common}) for k, v in refusals.items()]
        return Report(measurements=tuple(measurements), speed={})

    both = merged(report(ad="old", vww="old"), report(vww="new"))
    assert [(one.model, one.refused) for one in both.measurements] == [("ad", "old"), ("vww", "new")]

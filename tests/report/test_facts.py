# SPDX-License-Identifier: Apache-2.0
"""The facts: the same figures as the rooms that they come from."""

import json
from pathlib import Path

import pytest

from tests.report.conftest import Places
from tinydf.artefacts.build import read_build
from tinydf.boards.build import build
from tinydf.data.dataset import PLATFORMS
from tinydf.report.chain import Artefacts
from tinydf.report.facts import Facts, summary
from tinydf.report.memory import regions
from tinydf.report.plan import boxes

pytestmark = pytest.mark.export


def test_accuracy_is_what_evaluate_export_and_bench_say(artefacts: Artefacts, places: Places, facts: Facts) -> None:
    from tinydf.train.evaluate import evaluate, score_run

    assert list(facts.accuracy) == ["baseline", "float", "int8", "device"]
    evaluation = evaluate(score_run(places.run, places.data, "test"))
    assert facts.accuracy["float"].seen == evaluation.seen
    assert facts.accuracy["float"].all == evaluation.all
    assert facts.accuracy["baseline"] == facts.accuracy["float"]
    assert artefacts.bench is not None and facts.parity is not None
    assert facts.accuracy["device"] == artefacts.bench.accuracy
    assert facts.accuracy["int8"] == facts.accuracy["device"]
    parity = {stage.stage: stage.balanced_accuracy for stage in facts.parity.stages}
    float_accuracy = {name: one.balanced_accuracy for name, one in facts.accuracy["float"].seen.items()}
    assert parity["torch"] == pytest.approx(float_accuracy)


def test_summary_has_what_scripts_read(facts: Facts, places: Places) -> None:
    figures = json.loads(json.dumps(summary(facts), allow_nan=False))
    assert (figures["board"], figures["engine"], figures["emulated"]) == ("posix", "aot", False)
    assert (figures["images"], figures["mismatches"]) == (64, 0)
    for stage in ("float", "int8", "device"):
        assert set(figures["balanced_accuracy"][stage]) == set(PLATFORMS)
    assert set(figures["baseline_balanced_accuracy"]) == set(PLATFORMS)
    assert (figures["instructions_per_inference"], figures["cycles_per_inference"]) == (None, None)
    built = read_build(places.firmware)
    assert (figures["flash_bytes"], figures["arena_bytes"]) == (built.flash_bytes, built.arena_bytes)
    assert len(figures["chain"]) == 7


def test_tensors_that_live_at_one_time_do_not_share_bytes(facts: Facts) -> None:
    plan = facts.plan
    lives = boxes(plan)
    assert (lives[0].name, lives[0].first) == (plan.input.name, -1)
    assert max(box.offset + box.bytes for box in lives) <= plan.arena_bytes
    for one in lives:
        for other in lives:
            in_place = one.last == other.first or other.last == one.first
            together = one.first <= other.last and other.first <= one.last
            if one.name < other.name and together and not in_place:
                assert one.offset + one.bytes <= other.offset or other.offset + other.bytes <= one.offset


def test_memories_of_a_microcontroller_hold_what_the_build_says(tiny_export: Path, tmp_path: Path) -> None:
    build("nucleo-h743", tiny_export, tmp_path)
    built = read_build(tmp_path)
    memories = {region.name: region for region in regions(built, peak_stack_bytes=500)}
    assert memories["FLASH"].used == built.flash_bytes
    assert {size.name: size.used_bytes for size in built.regions} == {
        name: region.used for name, region in memories.items()
    }
    stack = next(part for part in memories["DTCM"].parts if part.what == "stack")
    assert (stack.bytes, stack.used_bytes) == (built.stack_bytes, 500)
    assert any(part.what == "hot code" for part in memories["ITCM"].parts)
    assert any("to be copied to ITCM" in part.what for part in memories["FLASH"].parts)

# SPDX-License-Identifier: Apache-2.0
"""What a journal is counted to, on journals made by hand."""

from pathlib import Path

import pytest

from tests.bench.test_journal import HEADER, SESSION, answer
from tinydf.artefacts.manifest import Decision, Manifest, Provenance, TensorSpec
from tinydf.artefacts.preprocess import Preprocess
from tinydf.bench.journal import Answer, Contents, LayerProfile
from tinydf.bench.summary import Bench, summarise
from tinydf.data.dataset import Dataset
from tinydf.errors import TinydfError

MANIFEST = Manifest(
    name="made by hand",
    input=TensorSpec(name="input", shape=(1, 96, 96, 3), scale=1 / 255, zero_point=-128),
    output=TensorSpec(name="output", shape=(1, 2), scale=0.1, zero_point=0),
    preprocess=Preprocess(size=96),
    decision=Decision(threshold_steps=2),
    chain=Provenance(tflite="3" * 64),
    tflm_arena_bytes=0,
)


def output(real: int, fake: int) -> str:
    return bytes([real & 255, fake & 255]).hex()


def count(data: Path, *answers: Answer, unit: str = "nanoseconds", profile: LayerProfile | None = None) -> Bench:
    contents = Contents(
        header=HEADER.model_copy(update={"counter_unit": unit}),
        sessions=[SESSION.model_copy(update={"clock_hz": 480_000_000, "stack_bytes": 8192})],
        answers={one.index: one for one in answers},
        profile=profile,
        size=1,
        sha256="5" * 64,
    )
    return summarise(contents, Dataset(data), MANIFEST, built=None)


def judged(index: int, real_logit: int, fake_logit: int, **changes: object) -> Answer:
    both = output(real_logit, fake_logit)
    said = {"output": both, "expected": both, "fake": fake_logit - real_logit > 2}
    return answer(index).model_copy(update={**said, **changes})


def test_an_output_or_a_verdict_other_than_the_hosts_is_a_mismatch(tiny_data: Path) -> None:
    result = count(
        tiny_data,
        judged(0, -5, 5),
        judged(1, -5, 5, expected=output(-5, 6)),
        judged(2, 0, 2, fake=True),
        judged(3, 0, 3),
    )
    assert (result.images, result.images_of_split, result.mismatches) == (4, 64, 2)
    assert result.mismatched == ["x/image-1", "x/image-2"]


def test_scores_are_differences_of_signed_outputs(tiny_data: Path) -> None:
    reals = [judged(index, 127, -128, label=0, generator="camera") for index in range(2)]
    fakes = [judged(index, -128, 127) for index in range(2, 4)]
    figures = count(tiny_data, *reals, *fakes).accuracy.seen["x"]
    assert (figures.balanced_accuracy, figures.auc) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("unit", "name", "milliseconds", "emulated"),
    [
        ("cycles", "cycles", 1.0, False),
        ("emulated_instructions", "emulated instructions", None, True),
        ("nanoseconds", "nanoseconds of the host", None, False),
    ],
)
def test_only_cycles_of_a_known_clock_become_milliseconds(
    tiny_data: Path, unit: str, name: str, milliseconds: float | None, emulated: bool
) -> None:
    result = count(tiny_data, *(judged(index, 0, 9, ticks=480_000) for index in range(3)), unit=unit)
    assert (result.ticks.unit, result.ticks.milliseconds, result.emulated) == (name, milliseconds, emulated)


def test_ticks_transfer_and_memory(tiny_data: Path) -> None:
    answers = [
        judged(index, 0, 9, ticks=ticks, peak_stack_bytes=stack, transfer_seconds=0.5, input_bytes=1000)
        for index, (ticks, stack) in enumerate([(30, 400), (10, 500), (20, 300)])
    ]
    result = count(tiny_data, *answers)
    assert (result.ticks.minimum, result.ticks.median, result.ticks.maximum) == (10, 20.0, 30)
    assert 29 < result.ticks.percentile_99 <= 30
    assert (result.transfer.bytes, result.transfer.kilobytes_per_second) == (3000, 2.0)
    assert (result.memory.peak_stack_bytes, result.memory.stack_bytes) == (500, 8192)
    assert result.memory.arena_intact
    assert (result.memory.flash_bytes, result.memory.static_ram_bytes) == (None, None)


def test_one_overwritten_guard_is_not_forgotten(tiny_data: Path) -> None:
    result = count(tiny_data, judged(0, 0, 9), judged(1, 0, 9, arena_intact=False), judged(2, 0, 9))
    assert not result.memory.arena_intact


def test_a_stack_that_the_port_cannot_measure_is_not_called_zero(tiny_data: Path) -> None:
    assert count(tiny_data, judged(0, 0, 9)).memory.peak_stack_bytes is None


def test_layers_are_those_of_the_profile(tiny_data: Path) -> None:
    profile = LayerProfile(session=1, layers=["0 CONV_2D a", "1 ADD b"], ticks=[7, 3])
    result = count(tiny_data, judged(0, 0, 9), profile=profile)
    assert [(layer.operator, layer.ticks) for layer in result.layers] == [("CONV_2D", 7), ("ADD", 3)]


def test_an_empty_journal_has_no_figures(tiny_data: Path) -> None:
    with pytest.raises(TinydfError, match="no answer yet"):
        count(tiny_data)

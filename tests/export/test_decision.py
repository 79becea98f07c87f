# SPDX-License-Identifier: Apache-2.0
"""The device compares integers; that must be the same as comparing scores with the threshold."""

from fractions import Fraction

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tinydf.artefacts.manifest import Decision, Manifest, Provenance, TensorSpec
from tinydf.artefacts.preprocess import Preprocess
from tinydf.export.run import threshold_steps

SCALES = st.floats(min_value=2**-20, max_value=8, width=32)
THRESHOLDS = st.floats(min_value=-1e4, max_value=1e4)
# One crop's outputs, int8 [1, 2]: every difference that there is.
PAIRS = [np.array([[real, fake]], np.int8) for real in (-128, 3, 127) for fake in range(-128, 128)]


def manifest(scale: float, zero_point: int, threshold: float) -> Manifest:
    return Manifest(
        name="any",
        input=TensorSpec(name="image", shape=(1, 96, 96, 3), scale=1 / 255, zero_point=-128),
        output=TensorSpec(name="logits", shape=(1, 2), scale=scale, zero_point=zero_point),
        preprocess=Preprocess(size=96),
        decision=Decision(threshold=threshold, threshold_steps=threshold_steps(threshold, scale)),
        chain=Provenance(tflite="0" * 64),
        tflm_arena_bytes=0,
    )


@given(SCALES, st.integers(-128, 127), THRESHOLDS)
@example(float(np.float32(0.1)), 3, float(np.float32(0.1)) * 7)
@example(float(np.float32(0.1)), 3, 0.7)
@example(1.0, 0, 255.0)
@example(1.0, 0, -256.0)
def test_integer_verdict_is_the_score_above_the_threshold(scale: float, zero_point: int, threshold: float) -> None:
    model = manifest(scale, zero_point, threshold)
    assert [model.verdict(one) for one in PAIRS] == [model.score(one) > threshold for one in PAIRS]


@given(SCALES, st.integers(-255, 255), st.integers(-2, 2))
def test_thresholds_beside_a_step_are_exact_too(scale: float, step: int, ulps: int) -> None:
    threshold = step * scale
    for _ in range(abs(ulps)):
        threshold = float(np.nextafter(threshold, np.inf * ulps))
    model = manifest(scale, 0, threshold)
    assert [model.verdict(one) for one in PAIRS] == [model.score(one) > threshold for one in PAIRS]


@given(SCALES, st.integers(-256, 256), st.lists(st.tuples(st.integers(-128, 127), st.integers(-128, 127)), min_size=1))
@example(float(np.float32(0.1)), 3, [(0, 3)] * 9)
@example(float(np.float32(0.1)), 3, [(0, 3)] * 8 + [(0, 4)])
def test_crops_are_judged_by_their_mean(scale: float, steps: int, crops: list[tuple[int, int]]) -> None:
    model = manifest(scale, 0, steps * scale)
    outputs = np.array(crops, np.int8)
    mean = Fraction(sum(fake - real for real, fake in crops), len(crops))
    assert model.decision.threshold_steps == steps
    assert model.verdict(outputs) == (model.score(outputs) > model.decision.threshold) == (mean > steps)

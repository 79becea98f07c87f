# SPDX-License-Identifier: Apache-2.0
"""Figures and limits of the stages."""

import numpy as np
import pytest

from tinydf.artefacts.parity import LIMITS
from tinydf.errors import TinydfError
from tinydf.export.parity import Logits, ParityImages, check_parity, compare

COUNT = 200
LABELS = np.arange(COUNT) % 2


def images() -> ParityImages:
    platforms = np.array(["pre_social", "x"])[np.arange(COUNT) // 2 % 2]
    platforms[-20:] = ""
    return ParityImages(
        crops=np.zeros((COUNT, 1, 1, 3), np.uint8),
        counts=np.ones(COUNT, np.int64),
        labels=LABELS,
        platforms=platforms,
        seen=np.arange(COUNT) % 10 != 1,
    )


def logits() -> Logits:
    """Right about every image but the first, by 1."""
    right = np.where(LABELS == 1, 1.0, -1.0)
    right[0] = 1
    return np.stack([-right / 2, right / 2], axis=1)


def test_figures() -> None:
    reference = logits()
    moved = reference + np.array([0.0, 0.25])
    moved[1] = [1.0, -1.0]
    stage = compare("onnx", images(), moved, reference, 0.0)
    assert stage.largest_error == 1.5
    assert stage.rmse == pytest.approx(np.sqrt((3.0**2 + (COUNT - 1) * 0.25**2) / COUNT))
    assert stage.agreement == 1 - 1 / COUNT
    # pre-social images of the test split: 45 real, one of them wrong; 45 fake, one of them wrong and of no seen kind
    assert stage.balanced_accuracy_all == {"pre_social": pytest.approx(44 / 45), "x": 1.0}
    assert stage.balanced_accuracy == {"pre_social": pytest.approx((44 / 45 + 1) / 2), "x": 1.0}


@pytest.mark.parametrize("stage", LIMITS)
def test_the_reference_itself_passes(stage: str) -> None:
    one = compare(stage, images(), logits(), logits(), 0.0)
    check_parity(one, one)
    assert one.agreement == 1


def test_flipped_verdicts_fail() -> None:
    flipped = logits()
    flipped[-20:] *= -1
    _expect("int8_tflite", flipped, "90.0% of the verdicts agree")


@pytest.mark.parametrize("stage", ["onnx", "float_tflite"])
def test_a_large_error_fails(stage: str) -> None:
    moved = logits()
    moved[7, 1] += 0.01
    _expect(stage, moved, "a logit is off by 0.01")


def test_a_stage_that_is_not_a_number_fails() -> None:
    broken = logits()
    broken[7] = np.nan
    _expect("onnx", broken, "gives logits that are not finite")


def test_lost_accuracy_fails() -> None:
    worse = logits()
    worse[[2, 3, 6, 7, 10]] *= -1
    _expect("int8_tflite", worse, "balanced accuracy falls by")


def _expect(stage: str, outputs: Logits, why: str) -> None:
    with pytest.raises(TinydfError, match=f"stage {stage} .*{why}"):
        reference = compare(stage, images(), logits(), logits(), 0.0)
        check_parity(compare(stage, images(), outputs, logits(), 0.0), reference)

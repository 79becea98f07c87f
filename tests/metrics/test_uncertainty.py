# SPDX-License-Identifier: Apache-2.0
"""Intervals and errors, each against another way to the same number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from tinydf.metrics.figures import balanced_accuracy, best_threshold
from tinydf.metrics.uncertainty import (
    REPLICATES,
    Draws,
    after_sharing,
    calibration_error,
    interval,
    one_standard_error_threshold,
    replicate,
)

CASES = st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=40).filter(
    lambda cases: 0 < sum(label for label, _ in cases) < len(cases)
)


@given(CASES)
def test_the_first_line_is_the_figure_itself(cases: list[tuple[bool, int]]) -> None:
    labels = np.array([label for label, _ in cases], np.int64)
    scores = np.array([score for _, score in cases], np.float64)
    found = replicate(labels, scores, 0.0, Draws(map(str, range(len(cases)))).weights(map(str, range(len(cases)))))
    assert found["auc"][0] == pytest.approx(roc_auc_score(labels, scores))
    assert found["tpr"][0] == pytest.approx((scores[labels == 1] > 0).mean())
    assert found["tnr"][0] == pytest.approx((scores[labels == 0] <= 0).mean())
    accused, caught, _ = roc_curve(labels, scores, drop_intermediate=False)
    assert np.interp(found["eer"][0], accused, caught) == pytest.approx(1 - found["eer"][0], abs=1e-6) or any(
        accused[one] <= found["eer"][0] + 1e-9 <= accused[one + 1] + 2e-9 and accused[one] == accused[one + 1]
        for one in range(len(accused) - 1)
    )


def test_weights_count_as_repeated_images_do() -> None:
    random = np.random.default_rng(1)
    labels, scores = random.integers(0, 2, 60), random.normal(size=60).round(1)
    weights = random.integers(0, 4, (1, 60)).astype(np.float64)
    again = np.repeat(np.arange(60), weights[0].astype(int))
    whole = replicate(labels[again], scores[again], 0.2, np.ones((1, len(again))))
    weighted = replicate(labels, scores, 0.2, weights)
    assert set(weighted) == set(whole)
    for name, values in weighted.items():
        assert values == pytest.approx(whole[name])


def test_images_of_one_source_are_drawn_together() -> None:
    weights = Draws(["a", "b", "c"]).weights(["a", "a", "b", "c", "c"])
    assert weights.shape == (REPLICATES + 1, 5)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 4]).all()
    assert (weights[:, [0, 2, 3]].sum(1) == 3).all()


def test_the_interval_is_as_wide_as_theory_says() -> None:
    """A rate of 0.8 of 400 independent images has a standard error of 0.02."""
    labels = np.tile([0, 1], 400)
    scores = np.where(np.arange(800) % 10 < 8, 1.0, -1.0) * np.where(labels == 1, 1, -1)
    names = [str(one) for one in range(800)]
    low, high = interval(replicate(labels, scores, 0.0, Draws(names).weights(names))["tpr"]) or (0, 0)
    assert low == pytest.approx(0.8 - 1.96 * 0.02, abs=0.006)
    assert high == pytest.approx(0.8 + 1.96 * 0.02, abs=0.006)


def test_one_source_says_nothing_of_others() -> None:
    labels, scores = np.array([0, 1]), np.array([0.0, 1.0])
    found = replicate(labels, scores, 0.5, Draws(["a", "b"]).weights(["a", "b"]))
    assert found["auc"][0] == 1
    assert interval(np.where(np.arange(REPLICATES + 1) < 9, found["auc"], np.nan)) is None


def test_honest_chances_have_no_calibration_error() -> None:
    random = np.random.default_rng(2)
    chance = random.uniform(0.01, 0.99, 200_000)
    labels = (random.uniform(size=chance.size) < chance).astype(np.int64)
    scores: NDArray[np.float64] = np.log(chance / (1 - chance))
    assert calibration_error(labels, scores, 1.0) == pytest.approx(0, abs=0.01)
    assert calibration_error(labels, 4 * scores, 4.0) == pytest.approx(0, abs=0.01)
    assert (calibration_error(labels, 4 * scores, 1.0) or 0) > 0.1
    assert calibration_error(labels[labels == 1], scores[labels == 1], 1.0) is None


def test_no_platform_no_sum() -> None:
    assert after_sharing({}) is None


def test_the_one_standard_error_threshold_goes_down_as_far_as_the_images_cannot_tell() -> None:
    """Where a gap parts the classes any threshold in it is right: the lowest, just above the real images."""
    labels, sources = np.repeat([0, 1], 50), [str(k) for k in range(50)] * 2
    apart = np.concatenate([np.linspace(-2, -1, 50), np.linspace(5, 6, 50)])
    assert one_standard_error_threshold(labels, apart, sources) == pytest.approx((-1 + 5) / 2)
    overlapping = np.concatenate([np.linspace(-2, 1, 50), np.linspace(-1, 2, 50)])
    best = best_threshold(labels, overlapping)
    lower = one_standard_error_threshold(labels, overlapping, sources)
    accuracies = [balanced_accuracy(labels, overlapping, threshold) or 0 for threshold in (best, lower)]
    assert lower < best
    assert accuracies[0] - 0.1 < accuracies[1] <= accuracies[0]

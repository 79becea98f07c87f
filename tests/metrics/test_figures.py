# SPDX-License-Identifier: Apache-2.0
"""The figures, against counts by hand and against their definitions."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinydf.metrics import figures as metrics

LABELS = [0, 0, 0, 1, 1]
SCORES = [-2.0, 0.5, -1.0, 3.0, -1.5]

both_classes = st.lists(st.tuples(st.integers(0, 1), st.integers(-50, 50)), min_size=2, max_size=60).filter(
    lambda pairs: len({label for label, _ in pairs}) == 2
)


def test_counts_by_hand() -> None:
    figures = metrics.figures_at(LABELS, SCORES, 0.0)
    assert (figures.true_positives, figures.false_negatives) == (1, 1)
    assert (figures.true_negatives, figures.false_positives) == (2, 1)
    assert figures.tpr == 0.5
    assert figures.tnr == pytest.approx(2 / 3)
    assert figures.balanced_accuracy == pytest.approx(7 / 12)
    assert figures.auc == pytest.approx(4 / 6)
    assert figures.images == 5


def test_a_score_at_the_threshold_is_real() -> None:
    assert metrics.figures_at([1, 0], [1.0, 1.0], 1.0).tpr == 0.0


def test_a_missing_class_has_no_figure_rather_than_a_wrong_one() -> None:
    figures = metrics.figures_at([1, 1], [0.0, 1.0], 0.5)
    assert figures.tpr == 0.5
    assert figures.tnr is None
    assert figures.balanced_accuracy is None
    assert figures.auc is None
    with pytest.raises(ValueError, match="both classes"):
        metrics.best_threshold([1, 1], [0.0, 1.0])


def test_labels_and_scores_must_pair() -> None:
    with pytest.raises(ValueError, match="do not pair"):
        metrics.figures_at([1, 0], [0.5], 0.0)


@settings(deadline=None)
@given(both_classes)
def test_auc_is_the_chance_that_a_fake_scores_higher(pairs: list[tuple[int, int]]) -> None:
    fakes = [score for label, score in pairs if label]
    reals = [score for label, score in pairs if not label]
    wins = sum((fake > real) + (fake == real) / 2 for fake in fakes for real in reals)
    labels, scores = zip(*pairs, strict=True)
    assert metrics.auc(labels, scores) == pytest.approx(wins / (len(fakes) * len(reals)))


@settings(deadline=None)
@given(both_classes)
def test_no_threshold_does_much_better_than_the_best(pairs: list[tuple[int, int]]) -> None:
    labels, scores = zip(*pairs, strict=True)

    def accuracy(threshold: float) -> float:
        return metrics.figures(labels, np.asarray(scores) > threshold).balanced_accuracy or 0.0

    best = max(accuracy(one + 0.5) for one in range(-52, 52))
    assert accuracy(metrics.best_threshold(labels, scores)) >= best - metrics.PLATEAU - 1e-9


def test_the_threshold_is_in_the_middle_of_the_gap() -> None:
    assert metrics.best_threshold([0, 0, 1, 1], [-3.0, -1.0, 5.0, 6.0]) == 2.0


def test_temperature_recovers_the_scale_of_the_log_odds() -> None:
    random = np.random.default_rng(0)
    odds = random.normal(size=20_000) * 2
    labels = (random.random(20_000) < 1 / (1 + np.exp(-odds))).astype(int)
    assert metrics.best_temperature(labels, odds * 3) == pytest.approx(3, rel=0.1)


def test_metrics_need_no_torch() -> None:
    probe = "import sys, tinydf.metrics.figures; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", probe], check=True)

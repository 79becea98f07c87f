# SPDX-License-Identifier: Apache-2.0
"""Figures by platform and generator, from cases made by hand."""

from tinydf.metrics.accuracy import Case, measure_accuracy

KNOWN = {"camera": True, "bicubic": True, "old": True, "new": False}

CASES = [
    Case("pre_social", "camera", 0, False, -5),
    Case("pre_social", "bicubic", 0, True, 1),
    Case("pre_social", "old", 1, True, 7),
    Case("pre_social", "old", 1, True, 6),
    Case("pre_social", "new", 1, False, -6),
    Case("x", "camera", 0, False, -3),
    Case("x", "old", 1, False, -4),
]


def test_seen_unseen_and_all_share_the_reals() -> None:
    accuracy = measure_accuracy(CASES, KNOWN)
    seen, unseen, both = accuracy.seen["pre_social"], accuracy.unseen["pre_social"], accuracy.all["pre_social"]
    assert (seen.true_positives, seen.false_negatives, seen.true_negatives, seen.false_positives) == (2, 0, 1, 1)
    assert (seen.balanced_accuracy, seen.auc) == (0.75, 1.0)
    assert (unseen.true_positives, unseen.false_negatives, unseen.true_negatives) == (0, 1, 1)
    assert (unseen.balanced_accuracy, unseen.auc) == (0.25, 0.0)
    assert (both.images, both.true_positives, both.false_negatives) == (5, 2, 1)
    assert accuracy.seen["x"].balanced_accuracy == 0.5


def test_generators_are_told_apart() -> None:
    accuracy = measure_accuracy(CASES, KNOWN)
    assert list(accuracy.generators) == ["bicubic", "camera", "new", "old"]
    assert accuracy.generators["old"].rate == {"pre_social": 1.0, "x": 0.0}
    assert accuracy.generators["bicubic"].rate == {"pre_social": 0.0}
    assert (accuracy.generators["new"].seen, accuracy.generators["new"].images) == (False, 1)


def test_without_unseen_generators_there_are_no_figures_for_them() -> None:
    assert measure_accuracy([case for case in CASES if case.generator != "new"], KNOWN).unseen == {}


def test_a_missing_class_has_no_balanced_accuracy() -> None:
    figures = measure_accuracy(CASES[:2], KNOWN).seen["pre_social"]
    assert (figures.balanced_accuracy, figures.auc, figures.tnr) == (None, None, 0.5)

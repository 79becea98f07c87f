# SPDX-License-Identifier: Apache-2.0
"""Figures a picture: crops are averaged first, and every figure is scikit-learn's on the averages."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from tinydf.cli.console import PlainConsole
from tinydf.cli.show.pictures import picture_table
from tinydf.metrics.accuracy import Case
from tinydf.metrics.pictures import by_picture, measure_pictures

KNOWN = {"ffhq": True, "wild": True, "gan": True, "flux": False}


def crops(generator: str, label: int, centre: float, count: int, platform: str = "pre_social") -> list[Case]:
    """Four crops each of so many pictures, their scores scattered widely around a centre."""
    random = np.random.default_rng([len(generator), label, count])
    return [
        Case(platform, generator, label, bool(score > 0), float(score), f"{generator}/{number}")
        for number in range(count)
        for score in random.normal(centre, 2.0, 4)
    ]


CASES = crops("ffhq", 0, -1, 60) + crops("wild", 0, -2, 20) + crops("gan", 1, 1, 50) + crops("flux", 1, 0, 30)


def test_crops_become_one_picture() -> None:
    pictures = by_picture([*CASES, CASES[0]._replace(platform="x", score=9)], threshold=0.5)
    assert len(pictures) == 60 + 20 + 50 + 30 + 1
    first = pictures[0]
    assert first.score == pytest.approx(np.mean([one.score for one in CASES[:4]]))
    assert first.fake == (first.score > 0.5)
    assert not by_picture([CASES[0]._replace(score=0.5 + 1e-12)], 0.5)[0].fake, "a tie is no fake, as on the device"


def test_figures_are_those_of_the_averages() -> None:
    found = measure_pictures(CASES, KNOWN, threshold=0.25)
    assert {name: (one.label, one.seen, one.pictures) for name, one in found.items()} == {
        "ffhq": (0, True, 60),
        "flux": (1, False, 30),
        "gan": (1, True, 50),
        "wild": (0, True, 20),
    }
    pictures = [one for one in by_picture(CASES, 0.25) if one.generator != "flux"]
    labels, scores = [one.label for one in pictures], np.array([one.score for one in pictures])
    fpr, tpr, _ = roc_curve(labels, scores)
    rates = {name: np.mean([one.fake == bool(label) for one in pictures if one.label == label])
             for name, label in (("tpr", 1), ("tnr", 0))}  # fmt: skip
    expected = {
        "auc": roc_auc_score(labels, scores),
        "average_precision": average_precision_score(labels, scores),
        "tpr_at_1_fpr": tpr[fpr <= 0.01].max(),
        "tpr_at_5_fpr": tpr[fpr <= 0.05].max(),
        "tpr": rates["tpr"],
        "balanced_accuracy": (rates["tpr"] + rates["tnr"]) / 2,
    }
    gan = found["gan"].figures["pre_social"]
    assert {name: one.value for name, one in gan.items()} == pytest.approx(expected)
    for one in gan.values():
        assert one.interval and one.interval[0] <= one.value <= one.interval[1]
        assert one.interval[1] - one.interval[0] > 0.005
    assert found["ffhq"].figures["pre_social"].keys() == {"tnr"}


def test_a_class_alone_has_no_order() -> None:
    found = measure_pictures([one for one in CASES if one.label], KNOWN, threshold=0.0)
    assert found["gan"].figures["pre_social"].keys() == {"tpr"}


def test_the_table_has_a_line_for_each() -> None:
    console = PlainConsole(width=200, record=True, file=None)
    console.print(picture_table(measure_pictures(CASES, KNOWN, threshold=0.0)))
    lines = console.export_text().splitlines()
    assert [line.split()[0] for line in lines if "pre_social" in line] == ["ffhq", "wild", "flux", "gan"]
    assert "unseen" in next(line for line in lines if line.startswith("flux"))

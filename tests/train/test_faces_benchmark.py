# SPDX-License-Identifier: Apache-2.0
"""`make bench-faces`: its page judges the goals by the trainings' figures, and by nothing else."""

import pytest

from benchmarks import faces
from benchmarks.faces_page import GOALS, MOST_BYTES, Results, Trained, page
from benchmarks.trainings import identity
from tinydf.data.dataset import PLATFORMS, PRE_SOCIAL
from tinydf.metrics.accuracy import Case, measure_accuracy

KNOWN = {"camera": True, "default2": True, "med2": False, "x4plus": False, "fhae": False}


def trained(detector: str, seed: int = 0, wrong: int = 0, tflite_bytes: int = 100_000) -> Trained:
    """Twenty images of each generator a platform, of which so many are judged wrongly after sharing."""
    cases = [
        Case(platform, name, int(name != "camera"), (name != "camera") != (number < wrong_here), 0.0)
        for platform in PLATFORMS
        for wrong_here in (0 if platform == PRE_SOCIAL else wrong,)
        for name in KNOWN
        for number in range(20)
    ]
    return Trained(
        detector=detector,
        seed=seed,
        identity=f"{detector} {seed}",
        parameters=100,
        macs=1000,
        tflite_bytes=tflite_bytes,
        accuracy=measure_accuracy(cases, KNOWN),
    )


def line(text: str, begins: str) -> str:
    return next(one for one in text.splitlines() if one.startswith(begins))


def text(*some: Trained) -> str:
    return page(Results(dataset_sha256="", torch="2", sources="faces-*", trained=list(some)), wanted=6)


def test_goals_are_judged_by_the_mean_over_seeds() -> None:
    said = text(trained("phinet-faces"), trained("phinet-faces", seed=1, wrong=2), trained("micronet-faces", wrong=5))
    assert "| seen generators, pre-social | 0.99 | 1.000 (1.000 to 1.000) ✓ | 1.000 (1.000 to 1.000) ✓ |" in said
    assert "| after sharing, worst platform | 0.90 | 0.950 (0.900 to 1.000) ✓ | 0.750 (0.750 to 0.750) ✗ |" in said
    assert line(said, "| behind phinet-faces").endswith("| - | 0.200 ✗ |")


def test_what_is_missing_is_said_to_be() -> None:
    assert "1 of 6 trainings are there. The command resumes with the others." in text(trained("phinet-faces"))


def test_size_is_that_of_the_largest() -> None:
    most = MOST_BYTES["phinet-faces"]
    said = text(trained("phinet-faces", tflite_bytes=most), trained("phinet-faces", seed=1, tflite_bytes=most + 1))
    assert line(said, "| bytes of the .tflite").endswith(f"| {most + 1:,} ✗ |")


def test_the_two_generators_of_the_goals_are_weighed_with_all_real_images() -> None:
    one = trained("phinet-faces", wrong=5)
    cases = one.accuracy.model_copy(deep=True)
    cases.generators["fhae"].rate["x"] = 0.25
    one = one.model_copy(update={"accuracy": cases})
    assert one.unseen_generators("x") == pytest.approx(((0.75 + 0.25) / 2 + 0.75) / 2)
    assert one.unseen_generators("telegram") == one.unseen("telegram") == 0.75
    assert "| phinet-faces | fhae | fake, never seen | 1.00 | 0.75 | 0.75 | 0.25 |" in text(one)


def test_every_detector_has_a_recipe_and_a_limit() -> None:
    recipes = [faces.recipe(detector, seed) for detector in faces.DETECTORS for seed in range(faces.SEEDS)]
    assert len({identity(recipe, "data") for recipe in recipes}) == len(faces.DETECTORS) * faces.SEEDS
    assert set(MOST_BYTES) == set(faces.DETECTORS)
    assert len(GOALS) == 5

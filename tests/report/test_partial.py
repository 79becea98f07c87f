# SPDX-License-Identifier: Apache-2.0
"""A report of part of the chain: what is there fits together, and what is not is said in its place."""

import re
import sys
from dataclasses import replace

import pytest

from tests.report.conftest import Places
from tinydf.errors import TinydfError
from tinydf.report import chain, page
from tinydf.report.chain import Artefacts
from tinydf.report.facts import gather, summary

pytestmark = pytest.mark.export


def render(artefacts: Artefacts) -> str:
    return page.render(gather(artefacts), artefacts)


def test_an_export_alone(places: Places) -> None:
    artefacts = chain.read(None, None, places.export, None, None)
    assert [link.what for link in artefacts.chain] == ["ONNX", "int8 TFLite", "generated C"]
    html = render(artefacts)
    assert "Not there: the run that trained it, the images, the firmware, a bench." in html
    assert "There was no bench, and so there are no verdicts of a board." in html
    assert "There was no firmware, and so there is no memory map." in html
    assert "There are none: there was no bench." in html
    assert artefacts.manifest.chain.tflite in html
    assert summary(gather(artefacts))["arena_bytes"] == artefacts.plan.arena_bytes


def test_an_export_with_its_firmware(places: Places) -> None:
    html = render(chain.read(None, None, places.export, places.firmware, None))
    assert "built for the" in html and "No board has been measured yet" in html


def test_a_bench_without_a_run(places: Places) -> None:
    """That of a published detector: the images are those of the bench, and no float network judges them."""
    artefacts = chain.read(places.data, None, places.export, places.firmware, places.bench)
    assert [link.what for link in artefacts.chain][-2:] == ["images", "answers of the board"]
    facts = gather(artefacts)
    assert list(facts.accuracy) == ["int8", "device"]
    html = render(artefacts)
    assert "Not there: the run that trained it." in html and "data:image/png" in html
    assert re.search(r"A deepfake detector, measured by", html)


def test_a_bench_without_its_images(places: Places) -> None:
    artefacts = chain.read(None, None, places.export, None, places.bench)
    whole = places.read()
    assert gather(artefacts).accuracy["device"] == gather(replace(whole, run=None)).accuracy["device"]
    assert "the images that the board judged were not there" in render(artefacts)


def test_a_page_without_matplotlib_has_no_plots_and_says_so(
    artefacts: Artefacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    html = page.render(gather(replace(artefacts, run=None, baseline=None)), artefacts)
    assert "matplotlib was not installed" in html and "<svg" not in html


def test_images_of_another_bench_are_refused(places: Places, tiny_data: object) -> None:
    other = places.export.parent / "another"
    with pytest.raises(TinydfError, match="does not exist"):
        chain.read(other, None, places.export, None, places.bench)


def test_a_baseline_needs_the_data_set(places: Places) -> None:
    with pytest.raises(TinydfError, match="give it with --data"):
        chain.read(None, None, places.export, None, None, places.run)

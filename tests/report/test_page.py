# SPDX-License-Identifier: Apache-2.0
"""The page, opened in a browser: whole, by itself, with the figures of the run."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.e2e.command import refuse, tinydf
from tests.report.conftest import Places
from tinydf.report.chain import Artefacts
from tinydf.report.facts import Facts
from tinydf.report.page import render

pytestmark = pytest.mark.export

NO_PAGE = "not an origin"


@pytest.fixture(scope="module")
def page(artefacts: Artefacts, facts: Facts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(facts, artefacts))
    return path


class Elements(HTMLParser):
    """Collects what a test asks about: addresses, ids with their text, images without a text of their own."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.text: dict[str, str] = {}
        self.unnamed_images = 0
        self.scripts = 0
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attributes}
        self.addresses += [have[name] for name in ("src", "href", "xlink:href", "data", "action") if name in have]
        self.addresses += re.findall(r"url\(([^)]*)\)", " ".join(have.values()))
        self.unnamed_images += tag == "img" and not have.get("alt")
        self.unnamed_images += (tag == "svg" or have.get("role") == "img") and not have.get("aria-label")
        self.scripts += tag == "script"
        self._open = have.get("id", "")
        if self._open:
            self.ids.append(self._open)

    def handle_data(self, data: str) -> None:
        if self._open:
            self.text[self._open] = self.text.get(self._open, "") + data.strip()

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def browse(page: Path, profile: Path) -> tuple[str, list[str], list[str]]:
    """Open a page in headless Chromium: gives its document, what its console says, and the addresses it asked for.

    The browser's own requests (for updates, say) have no page as their initiator.
    """
    browser = shutil.which("chromium")
    assert browser, "apt-get install chromium"
    profile.mkdir(exist_ok=True)
    log = profile / "net.json"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    options += ["--enable-logging=stderr", f"--log-net-log={log}", f"--user-data-dir={profile}", "--dump-dom"]
    done = subprocess.run([browser, *options, page.as_uri()], capture_output=True, text=True, check=True, timeout=120)
    requests = [
        event["params"] for event in json.loads(log.read_text())["events"] if "initiator" in event.get("params", {})
    ]
    asked = [one["url"] for one in requests if one["initiator"] != NO_PAGE]
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line], asked


def test_a_browser_opens_it_without_errors_or_requests(page: Path, facts: Facts, tmp_path: Path) -> None:
    dom, errors, asked = browse(page, tmp_path)
    assert (errors, asked) == ([], [])
    elements = Elements(dom)
    for platform, seen in facts.accuracy["device"].seen.items():
        assert elements.text[f"accuracy-{platform}"] == f"{seen.balanced_accuracy:.3f}"
    assert elements.text["mismatches"] == "0"
    assert facts.bench is not None and facts.bench.memory is not None and facts.bench.memory.flash_bytes is not None
    assert elements.text["ticks"] == f"{facts.bench.ticks.median:,.0f}"
    assert elements.text["flash"] == f"{facts.bench.memory.flash_bytes / 1024:,.1f} KiB"
    assert elements.text["arena"] == f"{facts.bench.memory.arena_bytes / 1024:,.1f} KiB"
    for link in facts.chain:
        assert link.sha256 in dom


def test_a_page_that_did_err_or_ask_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "other.html"
    page.write_text('<img src="http://192.0.2.1/image.png"><script>undefined_function()</script>')
    _, errors, asked = browse(page, tmp_path / "profile")
    assert "undefined_function" in errors[0]
    assert asked == ["http://192.0.2.1/image.png"]


def test_it_needs_nothing_from_outside(page: Path) -> None:
    elements = Elements(page.read_text())
    assert [one for one in elements.addresses if not one.startswith(("data:image/png;base64,", "#"))] == []
    assert elements.scripts == 0
    assert "@import" not in page.read_text()
    assert "default-src 'none'" in page.read_text()


def test_every_image_has_a_text_and_every_id_is_one_of_a_kind(page: Path, facts: Facts) -> None:
    elements = Elements(page.read_text())
    assert elements.unnamed_images == 0
    assert len(elements.ids) == len(set(elements.ids))
    assert page.read_text().count("data:image/png") >= 8


def test_the_same_facts_make_the_same_page(page: Path, artefacts: Artefacts, facts: Facts) -> None:
    assert render(facts, artefacts) == page.read_text()


def test_text_from_artefacts_is_escaped(artefacts: Artefacts, facts: Facts) -> None:
    evil = "<script>alert(1)</script>\"'"
    chain = [link.model_copy(update={"file": evil}) for link in facts.chain]
    model = facts.model.model_copy(update={"name": evil})
    html = render(facts.model_copy(update={"board_title": evil, "chain": chain, "model": model}), artefacts)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;" in html


def test_what_is_not_cycles_is_never_called_milliseconds(page: Path) -> None:
    assert re.search(r"\d ms\b|milliseconds", page.read_text()) is None


def test_the_command_writes_the_page_and_prints_the_facts(places: Places, facts: Facts, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = tinydf("report", *places.options(), "--baseline", places.run, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed.pop("summary")["mismatches"] == 0
    assert Facts.model_validate(printed) == facts
    assert "<html" in out.read_text()


def test_the_command_without_a_baseline(places: Places, tmp_path: Path) -> None:
    done = tinydf("report", *places.options(), "--out", tmp_path / "report.html")
    assert done.returncode == 0, done.stderr
    assert "without augmentation" not in (tmp_path / "report.html").read_text()


def test_the_command_refuses_a_missing_bench_in_one_line(places: Places, tmp_path: Path) -> None:
    options = [str(tmp_path / "nothing") if one == str(places.bench) else one for one in places.options()]
    line = refuse("report", *options, "--out", tmp_path / "report.html")
    assert str(tmp_path / "nothing") in line
    assert not (tmp_path / "report.html").exists()

# SPDX-License-Identifier: Apache-2.0
"""The commands as the README types them, in an empty directory, with an emulated board for the one on the desk."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command import leftovers, succeed

pytestmark = [pytest.mark.slow, pytest.mark.emulator]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory, and emulated boards of its own."""
    empty = tmp_path / "desk"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setenv("TINYDF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TINYDF_EMULATOR", "1")
    yield empty
    succeed("emulator", "stop", "--all")


def test_three_commands_and_a_report(desk: Path) -> None:
    succeed("export", "--int8")
    port = succeed("flash", "--board", "nucleo-h743").strip()
    figures = json.loads(succeed("bench", "--port", port, "--limit", 24, "--json"))
    assert (figures["board"], figures["emulated"]) == ("nucleo-h743", True)
    assert (figures["images"], figures["mismatches"]) == (24, 0)
    assert figures["memory"]["flash_bytes"] > 0
    assert json.loads(succeed("status", "--json"))["next"] == "tinydf report"
    succeed("report")
    assert "Not there: the run that trained it." in (desk / "report.html").read_text()
    assert json.loads(succeed("status", "--json"))["next"] == ""
    assert not leftovers(desk)
    succeed("build", "--board", "mps3-an547")  # the export's C is for another core now
    states = {row["path"]: row["state"] for row in json.loads(succeed("status", "--json"))["stages"]}
    assert states["build/firmware/nucleo-h743"] == states["build/firmware/mps3-an547"] == "ready"
    succeed("report")

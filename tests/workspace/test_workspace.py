# SPDX-License-Identifier: Apache-2.0
"""The workspace: commands find what the stage before them left, say what they took, and nothing is mixed or lost."""

import io
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from tests.e2e.command import leftovers, tinydf
from tinydf import published
from tinydf.artefacts.build import ELF
from tinydf.artefacts.manifest import read_export
from tinydf.bench import journal as journals
from tinydf.cli.main import main
from tinydf.errors import TinydfError
from tinydf.export.tflm import measure_arena
from tinydf.workspace import Workspace
from tinydf.workspace.firmware import obtain
from tinydf.workspace.status import Status, survey

NAME = f"workspace-{os.getpid()}"


def run(*arguments: object) -> tuple[str, str]:
    """Standard output and standard error of a command, in this process, which has imported everything."""
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        main.main(list(map(str, arguments)), prog_name="tinydf", standalone_mode=False)
    return output.getvalue(), errors.getvalue()


def said(*arguments: object) -> str:
    """Notes of a command that must succeed."""
    return run(*arguments)[1]


def refuse(*arguments: object) -> str:
    """The line with which a command fails."""
    with pytest.raises(TinydfError) as caught:
        run(*arguments)
    return str(caught.value)


def status(root: Path) -> Status:
    return survey(Workspace(root))


def states(root: Path) -> dict[str, str]:
    return {row.stage: row.state for row in status(root).stages}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A workspace after the three commands, and the port of its board, which is a process of this computer."""
    root = tmp_path_factory.mktemp("workspace")
    at = ("--workspace", root)
    exported = said(*at, "export", "--int8")
    assert "taking the published detector phinet-demo" in exported
    printed, flashed = run(*at, "flash", "--board", "posix", "--name", NAME)
    assert f"export {root}/build/export: phinet-demo, int8, made " in flashed
    port = printed.strip()
    try:
        benched = said(*at, "bench", "--port", port, "--limit", 8)
        assert f"data {root}/build/builtin: the built-in test set" in benched
        assert f"firmware {root}/build/firmware/posix: posix, aot, build " in benched
        yield root, port
    finally:
        said("emulator", "stop", NAME)


@pytest.fixture
def copied(served: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    root = tmp_path / "copy"
    shutil.copytree(served[0], root, ignore=shutil.ignore_patterns("cmake"))
    return root


def test_the_three_commands_leave_all_that_is_needed(served: tuple[Path, str]) -> None:
    root, _ = served
    found = status(root)
    assert {row.stage: row.state for row in found.stages} == {
        "data": "missing",
        "run": "missing",
        "export": "ready",
        "firmware": "ready",
        "bench": "ready",
        "report": "missing",
    }
    rows = {row.stage: row for row in found.stages}
    assert rows["export"].source == "from the published detector"
    assert rows["bench"].source == f"of {root}/build/export on {root}/build/builtin"
    assert "8 images, 0 mismatches, balanced accuracy" in rows["bench"].what
    assert found.next == f"tinydf --workspace {root} report"
    figures = json.loads((root / "build" / "bench" / "bench.json").read_text())
    assert (figures["images"], figures["mismatches"]) == (8, 0)
    assert figures["memory"]["flash_bytes"] > 0
    assert not leftovers(root)


def test_flash_again_builds_nothing(served: tuple[Path, str]) -> None:
    root, port = served
    elf = root / "build" / "firmware" / "posix" / ELF
    before = elf.stat().st_mtime_ns
    printed, notes = run("--workspace", root, "flash", "--board", "posix", "--name", NAME)
    assert printed.strip() == port
    assert elf.stat().st_mtime_ns == before
    assert f"from {root}/build/export" in notes and "built" not in notes


def test_another_export_makes_firmware_and_bench_stale(served: tuple[Path, str], copied: Path) -> None:
    _, port = served
    said("--workspace", copied, "export", "--int8", "phinet-small")
    assert states(copied) | {"firmware": "stale", "bench": "stale"} == states(copied)
    assert status(copied).next == f"tinydf --workspace {copied} flash --board posix"
    line = refuse("--workspace", copied, "bench", "--port", port)
    assert "runs the published phinet-demo" in line and "phinet-small" in line and "tinydf flash --board posix" in line
    assert states(copied)["bench"] == "stale", "what was there is not touched"
    line = refuse("--workspace", copied, "report")
    assert f"{copied}/build/firmware/posix was not made from {copied}/build/export" in line
    assert not (copied / "report.html").exists()


@pytest.mark.slow
def test_stale_firmware_is_built_again(copied: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tinydf")
    said("--workspace", copied, "export", "--int8", "phinet-small")
    _, made = obtain(Workspace(copied), "posix", None, None, None)
    assert made.model == published.manifest("phinet-small").chain.tflite
    notes = caplog.text
    assert "(stale: " in notes and "building it again" in notes
    built = json.loads((copied / "build" / "firmware" / "posix" / "build.json").read_text())
    assert built["build_id"] == made.build_id
    assert built["export"] == "../../export"


def test_a_finished_bench_is_set_aside_and_an_unfinished_one_resumed(served: tuple[Path, str], copied: Path) -> None:
    _, port = served
    bench = ("--workspace", copied, "bench", "--port", port, "--limit", 8)
    journal = copied / "build" / "bench" / journals.FILE
    whole = journal.read_bytes()
    journal.write_bytes(b"".join(whole.splitlines(keepends=True)[:6]))
    assert (states(copied)["bench"], status(copied).next.split()[-1]) == ("unfinished", "bench")
    notes = said(*bench)
    assert "resuming the unfinished bench" in notes and "4 of 8 images are in the journal already" in notes
    resumed = journal.read_bytes()
    notes = said(*bench)
    aside = [path for path in (copied / "build").glob("bench-*") if path.is_dir()]
    assert len(aside) == 1 and f"held a finished bench: moved to {aside[0]}" in notes
    assert (aside[0] / journals.FILE).read_bytes() == resumed


def test_a_damaged_journal_is_set_aside(served: tuple[Path, str], copied: Path) -> None:
    _, port = served
    journal = copied / "build" / "bench" / journals.FILE
    journal.write_bytes(b"not a journal\n")
    assert states(copied)["bench"] == "damaged"
    assert "held a damaged journal" in said("--workspace", copied, "bench", "--port", port, "--limit", 4)
    (aside,) = (copied / "build").glob("bench-*")
    assert (aside / journals.FILE).read_bytes() == b"not a journal\n"


def test_a_data_set_that_the_export_was_not_made_on_is_not_taken(
    served: tuple[Path, str], copied: Path, tiny_data: Path
) -> None:
    _, port = served
    shutil.copytree(tiny_data, copied / "build" / "data")
    notes = said("--workspace", copied, "bench", "--port", port, "--limit", 4)
    assert f"{copied}/build/data is not the data set that phinet-demo was made on, so data" in notes
    notes = said("--workspace", copied, "bench", "--port", port, "--limit", 4, "--data", tiny_data)
    assert "built-in" not in notes and "a bench of another data set" in notes


def test_without_the_boards_firmware_the_bench_goes_on_without_sizes(served: tuple[Path, str], copied: Path) -> None:
    _, port = served
    (copied / "build" / "firmware" / "posix" / "build.json").write_text("{")
    notes = said("--workspace", copied, "bench", "--port", port, "--limit", 4)
    assert "no firmware here is build" in notes and "left out: " in notes
    figures = json.loads((copied / "build" / "bench" / "bench.json").read_text())
    assert figures["memory"]["flash_bytes"] is None


@pytest.mark.slow
def test_the_report_is_of_what_is_there(served: tuple[Path, str], copied: Path) -> None:
    notes = said("--workspace", copied, "report")
    assert f"wrote {copied}/report.html" in notes
    page = (copied / "report.html").read_text()
    assert "Not there: the run that trained it." in page and "data:image/png" in page
    assert states(copied)["report"] == "ready"
    assert status(copied).next == ""
    (copied / "build" / "bench" / journals.FILE).unlink()
    shutil.rmtree(copied / "build" / "firmware")
    said("--workspace", copied, "report")
    assert "No board has been measured yet" in (copied / "report.html").read_text()


@pytest.mark.parametrize("name", ["manifest.json", "model.tflite", "plan.json"])
def test_a_damaged_export_is_one_line(name: str, served: tuple[Path, str], copied: Path) -> None:
    (copied / "build" / "export" / name).write_text("{")
    line = refuse("--workspace", copied, "report", "--out", copied / "page.html")
    assert str(copied / "build" / "export") in line
    if name != "plan.json":
        assert states(copied)["export"] == "damaged"
        assert status(copied).next == f"tinydf --workspace {copied} export --int8"
    assert not (copied / "page.html").exists()


@pytest.mark.slow
def test_status_is_the_same_by_every_way_to_say_where(served: tuple[Path, str]) -> None:
    root, _ = served
    before, after = (tinydf("--workspace", root, "status", "--json"), tinydf("status", "--workspace", root, "--json"))
    variable = tinydf("status", "--json", TINYDF_WORKSPACE=str(root))
    assert before.stdout == after.stdout == variable.stdout
    assert Status.model_validate_json(before.stdout).workspace == str(root)
    shown = tinydf("status", TINYDF_WORKSPACE=str(root)).stdout
    assert "phinet-demo" in shown and f"next: tinydf --workspace {root} report" in shown


def test_an_empty_workspace_begins_with_the_published_detector(tmp_path: Path) -> None:
    found = status(tmp_path)
    assert {row.state for row in found.stages} == {"missing"}
    assert found.next == f"tinydf --workspace {tmp_path} export --int8"
    assert any("the published phinet-demo serves" in row.why for row in found.stages)
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_that_is_not_there(tmp_path: Path) -> None:
    assert "nowhere is not a directory" in refuse("status", "--workspace", tmp_path / "nowhere")
    file = tmp_path / "file"
    file.touch()
    done = tinydf("status", "--workspace", file)
    assert done.returncode == 2 and "is a file" in done.stderr


def test_commands_without_what_they_need_say_how_to_make_it(tmp_path: Path) -> None:
    at = ("--workspace", tmp_path)
    assert "tinydf data demo" in refuse(*at, "train")
    assert "tinydf train" in refuse(*at, "evaluate")
    for command in (("simulate",), ("profile", "--board", "posix"), ("compile",), ("report",)):
        assert "tinydf export --int8" in refuse(*at, *command)
    assert "there is no board 'florb'" in refuse(*at, "build", "--board", "florb")
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_directory_belongs(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    for stage in ("export", "run", "bench", "data"):
        (tmp_path / "build" / stage).touch()
    assert states(tmp_path) == {
        "data": "damaged",
        "run": "damaged",
        "export": "damaged",
        "firmware": "missing",
        "bench": "damaged",
        "report": "missing",
    }
    assert "build/run" in refuse("--workspace", tmp_path, "export", "--int8")
    assert "build/export" in refuse("--workspace", tmp_path, "export", "--int8", "phinet-small")
    (tmp_path / "build" / "run").unlink()
    assert "build/export" in refuse("--workspace", tmp_path, "flash", "--board", "posix")


def test_a_run_that_was_interrupted_is_told(tmp_path: Path) -> None:
    run = tmp_path / "build" / "run"
    run.mkdir(parents=True)
    (run / "checkpoint.pt").touch()
    assert states(tmp_path)["run"] == "unfinished"
    assert status(tmp_path).next == f"tinydf --workspace {tmp_path} train --resume"
    assert "interrupted run" in refuse("--workspace", tmp_path, "export", "--int8")


def test_an_unknown_detector_is_refused_with_the_published_ones(tmp_path: Path) -> None:
    line = refuse("--workspace", tmp_path, "export", "--int8", "phinet-huge")
    assert all(name in line for name in published.names())


def test_a_published_detector_is_packaged_without_the_packages_of_the_export(tmp_path: Path) -> None:
    """Stand-ins that cannot be imported take the place of what the light installation has not."""
    absent = tmp_path / "absent"
    absent.mkdir()
    for name in ("torch", "tensorflow", "onnx", "onnxruntime", "ai_edge_litert", "tflite_micro", "matplotlib"):
        (absent / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name}', name='{name}')")
    path = f"{absent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    done = tinydf("--workspace", tmp_path, "export", "--int8", "phinet-small", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    assert read_export(tmp_path / "build" / "export") == published.manifest("phinet-small")


def test_a_model_that_was_brought_has_no_arena_where_tflite_micro_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    assert measure_arena(published.model("phinet-small").read_bytes(), "phinet-small") is None

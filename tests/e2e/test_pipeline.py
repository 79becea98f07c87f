# SPDX-License-Identifier: Apache-2.0
"""The whole pipeline by its commands: from folders of images to a report measured on the emulated board."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.command import refuse, succeed
from tinydf.data.dataset import PLATFORMS, Dataset

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.export]

RECIPE = """
name = "tiny"

[detector]
name = "phinet"
options = { alpha = 0.2, beta = 1.0, t0 = 2.0, blocks = 4, downsampling = [1, 3] }

[preprocess]
size = 96

[augmentation]
share = 0.5

[training]
epochs = 6
batch_size = 8
learning_rate = 4e-3
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def demo(tiny_data: Path, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `tinydf demo` leaves, on a small data set and with a small detector."""
    out = tmp_path_factory.mktemp("demo")
    succeed("demo", "--out", out, "--data", tiny_data, "--recipe", recipe, "--limit", 24)
    return out


@pytest.fixture(scope="module")
def board(demo: Path) -> Iterator[str]:
    """The serial port of an emulated board that runs the demo's firmware."""
    said = succeed("flash", "--board", "nucleo-h743", "--firmware", demo / "firmware", "--emulator", "--name", "e2e")
    port = re.search(r"\S+/tty\b", said)
    assert port, said
    yield port[0]
    succeed("emulator", "stop", "e2e")


def test_demo_leaves_a_summary_with_the_figures_that_scripts_read(demo: Path) -> None:
    summary = json.loads((demo / "summary.json").read_text())
    assert (summary["board"], summary["engine"], summary["emulated"]) == ("nucleo-h743", "aot", True)
    assert (summary["images"], summary["mismatches"]) == (24, 0)
    for stage in ("float", "int8", "device"):
        assert set(summary["balanced_accuracy"][stage]) == set(PLATFORMS)
    assert summary["balanced_accuracy"]["device"] == summary["balanced_accuracy"]["int8"]
    for figure in ("instructions_per_inference", "flash_bytes", "static_ram_bytes", "arena_bytes", "peak_stack_bytes"):
        assert summary[figure] > 0
    assert "<html" in (demo / "report.html").read_text()


def test_demo_again_makes_nothing_again(demo: Path, tiny_data: Path, recipe: Path) -> None:
    made = [demo / "run/weights.safetensors", demo / "export/model.tflite", demo / "bench/bench.jsonl"]
    answers = made[2].read_text().count('"answer"')
    before = [path.stat().st_mtime_ns for path in made[:2]]
    succeed("demo", "--out", demo, "--data", tiny_data, "--recipe", recipe, "--limit", 24)
    assert [path.stat().st_mtime_ns for path in made[:2]] == before
    assert made[2].read_text().count('"answer"') == answers


def test_bench_by_hand_is_resumed_without_losing_or_counting_twice(
    demo: Path, board: str, tiny_data: Path, tmp_path: Path
) -> None:
    run = ("bench", "--port", board, "--data", tiny_data, "--export", demo / "export", "--out", tmp_path / "bench")
    succeed(*run, "--limit", 8)
    assert "--resume" in refuse(*run, "--limit", 16)
    figures = json.loads(succeed(*run, "--limit", 16, "--resume", "--json"))
    assert (figures["images"], figures["mismatches"]) == (16, 0)


def test_bench_refuses_a_board_with_another_model(
    demo: Path, board: str, tiny_data: Path, tiny_export: Path, tmp_path: Path
) -> None:
    run = ("bench", "--port", board, "--data", tiny_data, "--export", tiny_export, "--out", tmp_path / "bench")
    assert "runs model" in refuse(*run)
    assert not (tmp_path / "bench" / "bench.jsonl").exists()


def test_a_board_that_is_flashed_again_runs_once_under_the_same_port(demo: Path, board: str) -> None:
    again = ("flash", "--board", "nucleo-h743", "--firmware", demo / "firmware", "--emulator", "--name", "e2e")
    assert board in succeed(*again)
    running = [one for one in json.loads(succeed("emulator", "list", "--json")) if one["name"] == "e2e"]
    assert [(one["board"], one["status"], one["port"]) for one in running] == [("nucleo-h743", "running", board)]


def test_flash_without_a_probe_says_so_in_one_line(demo: Path) -> None:
    assert "probe" in refuse("flash", "--board", "nucleo-h743", "--firmware", demo / "firmware").lower()


def test_evaluate_prints_every_platform_and_generator(demo: Path, tiny_data: Path) -> None:
    figures = json.loads(succeed("evaluate", demo / "run", "--data", tiny_data, "--json"))
    assert set(figures["seen"]) == set(PLATFORMS)
    assert {"camera", "checker2"} <= set(figures["generators"])
    assert "facebook" in succeed("evaluate", demo / "run", "--data", tiny_data)


def test_report_refuses_to_mix_runs(demo: Path, tiny_data: Path, tiny_export: Path, tmp_path: Path) -> None:
    parts = ("--data", tiny_data, "--run", demo / "run", "--firmware", demo / "firmware", "--bench", demo / "bench")
    page = tmp_path / "report.html"
    line = refuse("report", *parts, "--export", tiny_export, "--out", page)
    assert str(tiny_export) in line
    assert not page.exists()


def test_folders_of_images_become_a_data_set(tiny_data: Path, tmp_path: Path) -> None:
    for number, sample in enumerate(Dataset(tiny_data).samples("train")):
        path = tmp_path / "images" / ("fake" if sample.label else "real") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sample.image).save(path)
    shutil.copy(path, path.with_name("copy.png"))
    (path.with_name("cut.png")).write_bytes(path.read_bytes()[:500])
    said = succeed("data", "folder", tmp_path / "images", "--out", tmp_path / "data")
    assert "copy.png" in said and "cut.png" in said
    counts = json.loads(succeed("data", "show", tmp_path / "data", "--json"))
    assert any("copy.png" in line for line in counts["skipped"])

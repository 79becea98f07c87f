"""The wheel: boards, firmware, recipes and the built-in test set travel inside it, and its commands find them there."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*pip, str(out), str(ROOT)], check=True)
    return next(out.glob("tinydf-*.whl"))


def test_every_board_recipe_source_and_crop_is_inside(wheel: Path) -> None:
    inside = {name.removeprefix("tinydf/_resources/") for name in zipfile.ZipFile(wheel).namelist()}
    listed = subprocess.run(
        ["git", "ls-files", "boards", "firmware", "models", "tinydf"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    sources = listed.stdout.split()
    assert {"boards/nucleo-h743.toml", "tinydf/data/builtin/crops.tar"} <= set(sources)
    assert not [name for name in sources if name not in inside]


def test_installed_commands_find_them(wheel: Path, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*pip, str(tmp_path), str(wheel)], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "tinydf.cli", "boards", "show", "nucleo-h743"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "STM32H743" in done.stdout

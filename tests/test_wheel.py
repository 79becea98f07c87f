# SPDX-License-Identifier: Apache-2.0
"""sdist and wheel: an index would take them, and boards, firmware, recipes and the test set travel inside."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return out


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    return next(distributions.glob("tinydf-*.whl"))


def test_an_index_would_take_sdist_and_wheel(distributions: Path) -> None:
    files = sorted(map(str, distributions.iterdir()))
    assert [name.endswith((".whl", ".tar.gz")) for name in files] == [True, True]
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True)


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

# SPDX-License-Identifier: Apache-2.0
"""The rooms of the house: no import runs back up, and no circle; see .importlinter."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINT = Path(sys.executable).with_name("lint-imports")


def lint(house: Path) -> str:
    """What import-linter says of a copy of the sources, empty if it has nothing to say."""
    command = [str(LINT), "--no-cache", "--config", str(ROOT / ".importlinter")]
    done = subprocess.run(
        command, cwd=house, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(house)}
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return "" if done.returncode == 0 else done.stdout


def test_no_import_runs_back_up() -> None:
    assert lint(ROOT) == ""


@pytest.mark.parametrize(
    ("module", "line", "said"),
    [
        ("errors.py", "import tinydf.files", "tinydf.errors is not allowed to import tinydf.files"),
        (
            "compiler/__init__.py",
            "def late() -> None:\n    import tinydf.cli.main",
            "is not allowed to import tinydf.cli",
        ),
        ("metrics/figures.py", "import tinydf.metrics.accuracy", "No cycles are allowed in tinydf.metrics"),
    ],
)
def test_an_import_that_does_is_found(module: str, line: str, said: str, tmp_path: Path) -> None:
    """In a copy of the sources, one line worse."""
    shutil.copytree(
        ROOT / "tinydf", tmp_path / "tinydf", ignore=shutil.ignore_patterns("__pycache__", "*.tar", "native")
    )
    with (tmp_path / "tinydf" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n\n{line}\n")
    assert said in lint(tmp_path)

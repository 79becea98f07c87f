# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help, unknown commands, errors as one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tinydf.cli.main import COMMANDS


def tinydf(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tinydf.cli", *arguments], capture_output=True, text=True, check=False)


def test_help_lists_every_command_without_heavy_imports() -> None:
    probe = (
        "import sys; from click.testing import CliRunner; from tinydf.cli.main import main; "
        "print(CliRunner().invoke(main, ['--help']).output); "
        "print('HEAVY', [m for m in ('torch', 'tensorflow', 'unicorn', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in COMMANDS)
    assert "HEAVY []" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_without_heavy_imports(name: str) -> None:
    probe = (
        "import sys; from click.testing import CliRunner; from tinydf.cli.main import main; "
        f"result = CliRunner().invoke(main, ['{name}', '--help']); print(result.output); "
        "heavy = [m for m in ('torch', 'tensorflow', 'unicorn', 'matplotlib') if m in sys.modules]; "
        "sys.exit(result.exit_code or (str(heavy) if heavy else 0))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


def test_unknown_command_is_a_usage_error() -> None:
    done = tinydf("florb")
    assert done.returncode == 2
    assert "No such command 'florb'" in done.stderr


def test_quiet() -> None:
    """Notes are left out; errors and results stay as they are."""
    board = str(Path(__file__).parents[2] / "boards" / "posix.toml")
    plain, quiet = (tinydf(*flags, "boards", "check", board) for flags in ((), ("-q",)))
    assert (plain.returncode, plain.stderr) == (0, f"{board}: good\n")
    assert (quiet.returncode, quiet.stderr, quiet.stdout) == (0, "", plain.stdout)


@pytest.mark.slow
def test_verbose(tmp_path: Path) -> None:
    """The programs that are run are shown too."""
    model = str(Path(__file__).parents[2] / "models" / "phinet-demo" / "model.tflite")
    done = tinydf("-v", "profile", "--workspace", str(tmp_path), "--board", "posix", "--json", model)
    assert done.returncode == 0
    assert "built for posix in " in done.stderr and "\ncmake " in f"\n{done.stderr}"
    assert json.loads(done.stdout)["equal"] is True


def test_what_is_logged_is_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    both = tinydf("-q", "-v", "boards", "list")
    assert (both.returncode, "--verbose and --quiet exclude each other" in both.stderr) == (2, True)
    monkeypatch.setenv("TINYDF_LOG", "[loud]")
    unknown = tinydf("boards", "list")
    assert unknown.returncode == 2
    assert "TINYDF_LOG is '[loud]'; it takes debug, info, warning, error" in unknown.stderr

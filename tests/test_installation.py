# SPDX-License-Identifier: Apache-2.0
"""Advice to install something: pip takes what is printed, in a clone, from a wheel, and where a path needs quoting."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tinydf.installation import EXTRAS, WANTS, install, missing

ROOT = Path(__file__).resolve().parent.parent
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
AS_IT_IS = "--dry-run --no-deps --no-build-isolation --quiet --report -"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose path a shell has to be told about."""
    path = tmp_path_factory.mktemp("a b's [c]") / "my clone [1]"
    path.mkdir()
    for name in ("tinydf", "boards", "firmware", "models"):
        shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, path)
    return path


@pytest.fixture(scope="module")
def wheel(clone: Path) -> Path:
    out = clone.parent / "wheel house"
    command = [*PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out)]
    subprocess.run([*command, f"tinydf @ {clone.as_uri()}"], check=True)
    return next(out.glob("tinydf-*.whl"))


def installed(source: Path, target: Path) -> dict[str, str]:
    """Install there; the environment in which that installation is the one that Python finds."""
    command = [*PIP, "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(target)]
    subprocess.run([*command, f"tinydf @ {source.as_uri()}"], check=True)
    return {**os.environ, "PYTHONPATH": str(target)}


def advice(environment: dict[str, str], where: Path) -> str:
    """What `tinydf report` of that installation says when matplotlib is not there."""
    code = "import sys; sys.modules['matplotlib'] = None; from tinydf.cli.main import errors_as_lines\n"
    code += "with errors_as_lines(): import tinydf.report.plots"
    done = subprocess.run(
        [sys.executable, "-c", code, "report"], cwd=where, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    what, said, command = done.stderr.strip().partition(": pip install ".replace("pip", f"{sys.executable} -m pip"))
    assert said and what == "tinydf: this command needs matplotlib", done.stderr
    return said.removeprefix(": ") + command


def typed(command: str, where: Path) -> subprocess.CompletedProcess[str]:
    """Type a command into a shell; pip finds all that it would do and does not do it."""
    return subprocess.run(
        ["bash", "-c", f"{command} {AS_IT_IS}"], cwd=where, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_from_a_clone(clone: Path, tmp_path: Path) -> None:
    command = advice(installed(clone, tmp_path / "site"), tmp_path)
    done = typed(command, tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"requested_extras": [\n        "report"' in done.stdout
    assert "does not provide" not in done.stderr


def test_from_a_wheel_and_when_it_is_gone(wheel: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copy(wheel, tmp_path))
    environment = installed(moved, tmp_path / "site")
    command = advice(environment, tmp_path)
    assert moved.name in command
    done = typed(command, tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"requested_extras": [\n        "report"' in done.stdout
    moved.unlink()
    assert advice(environment, tmp_path).endswith(
        f"'.[report]' in a clone of tinydf ({moved}, which it came from, is gone)"
    )


def test_of_this_very_installation(tmp_path: Path) -> None:
    done = typed(install("flash"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "does not provide" not in done.stderr
    assert "[" not in install()


def test_every_module_is_brought_by_the_extras_that_are_named() -> None:
    brought: dict[str, set[str]] = {}
    for text in importlib.metadata.requires("tinydf") or []:
        one = Requirement(text)
        for extra in ("data", "train", "export", "profile", "report", "ray"):
            if one.marker and one.marker.evaluate({"extra": extra}) and not one.marker.evaluate({"extra": ""}):
                brought.setdefault(one.name.lower().replace("_", "-"), set()).add(extra)
    packages = importlib.metadata.packages_distributions()
    for module, extras in EXTRAS.items():
        names = {name.lower().replace("_", "-") for name in packages[module]}
        assert any(set(extras) <= brought.get(name, set()) for name in names), module


def test_a_command_is_told_all_that_it_wants() -> None:
    assert "[data]" in (missing("torch", "data") or "")
    assert "[train]" in (missing("torch", None) or "")
    assert "[ray]" in (missing("ray", "data") or "")
    assert f"[{','.join(WANTS['demo'])}]" in (missing("onnx", "demo") or "")
    assert missing("no_such_module", "data") is None


def test_export_is_for_another_python() -> None:
    """The light installation brings none of TensorFlow's pins, and the extra is empty where they cannot be."""
    requirements = [Requirement(text) for text in importlib.metadata.requires("tinydf") or []]

    def brought(extra: str, python: str) -> dict[str, str]:
        environment = {"extra": extra, "python_version": python}
        wanted = [one for one in requirements if not one.marker or one.marker.evaluate(environment)]
        return {one.name: str(one.specifier) for one in wanted}

    light = brought("", "3.13")
    assert "torch" not in light and "<" not in light["numpy"]
    assert brought("export", "3.13") == light
    assert brought("export", "3.11")["tensorflow"]
    command, _, why = install("train", "export", python=(3, 13)).partition("  # ")
    assert command.startswith("python3.11 -m venv tinydf-python3.11 && tinydf-python3.11/bin/pip install ")
    assert "[train,export]" in command
    assert why == "TensorFlow's pins need Python 3.11, this is 3.13"
    assert install("export", python=(3, 11)) == f"{sys.executable} -m pip install " + command.partition(" install ")[
        2
    ].replace("train,", "")

# SPDX-License-Identifier: Apache-2.0
"""The light installation asks of Python only what Linux and macOS both have, but for what has a way round."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "tinydf").rglob("*.py"))
UNIX_ONLY = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}

# Python starts with this: tinydf's own imports of those modules fail, and Linux's own functions are gone.
OTHER_SYSTEM = f"""
import builtins, os

real = builtins.__import__
def without(name, globals=None, *rest, **more):
    if name in {UNIX_ONLY!r} and (globals or {{}}).get("__name__", "").startswith("tinydf"):
        raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
    return real(name, globals, *rest, **more)
builtins.__import__ = without
del os.sched_getaffinity
"""


def imported(tree: ast.Module) -> Iterator[str]:
    """What a module imports when it is imported itself: not in its functions, and not where a failure is caught."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Try):
            waiting += ast.iter_child_nodes(node)


def test_no_module_is_for_one_system() -> None:
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in SOURCES
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert len(found) > len(SOURCES)
    assert not [one for one in found if one[1].partition(".")[0] in UNIX_ONLY]


@pytest.mark.slow
def test_the_published_detector_is_exported_without_them(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(OTHER_SYSTEM)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    def tinydf(*arguments: str) -> str:
        command = [sys.executable, "-m", "tinydf.cli", "--workspace", str(tmp_path / "workspace"), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    probe = [sys.executable, "-c", "__name__ = 'tinydf.probe'\nimport fcntl"]
    assert b"No module named 'fcntl'" in subprocess.run(probe, env=environment, capture_output=True, check=False).stderr
    assert "flash" in tinydf("--help")
    assert "nucleo-h743" in tinydf("boards", "list")
    assert "serial permission" in tinydf("doctor", "--json")
    tinydf("export", "--int8")
    assert (tmp_path / "workspace" / "build" / "export" / "model_aot.c").is_file()

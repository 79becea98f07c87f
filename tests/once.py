# SPDX-License-Identifier: Apache-2.0
"""What is expensive to make, and made once for all processes that run the tests at the same time (pytest-xdist)."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def worker() -> str | None:
    """The name of this process among those that run the tests; None if it is the only one."""
    return os.environ.get("PYTEST_XDIST_WORKER")


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A directory that `make` fills; the first process that asks for it makes it, the others wait until it is done."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if worker() else base) / "shared"
    shared.mkdir(exist_ok=True)
    directory, done = shared / name, shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            make(directory)
            done.touch()
    return directory

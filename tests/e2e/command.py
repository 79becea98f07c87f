# SPDX-License-Identifier: Apache-2.0
"""Runs `tinydf` as a user does: a process of its own, judged by its status and what it prints."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

COMMAND = [sys.executable, "-m", "tinydf.cli"]


def tinydf(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def succeed(*arguments: object) -> str:
    """Run a command that must succeed; gives its standard output."""
    done = tinydf(*arguments)
    assert done.returncode == 0, f"tinydf {' '.join(map(str, arguments))}\n{done.stderr}\n{done.stdout}"
    return done.stdout


def refuse(*arguments: object) -> str:
    """Run a command that must fail with one clear line; gives that line.

    Notes of what it was doing may stand before the line, a traceback may not.
    """
    done = tinydf(*arguments)
    assert done.returncode == 1, f"status {done.returncode}\n{done.stderr}\n{done.stdout}"
    return last_line(done.stderr)


def last_line(errors: str) -> str:
    """The one line that tells what is wrong."""
    assert "Traceback" not in errors, errors
    lines = [line for line in errors.splitlines() if line.startswith("tinydf: ")]
    assert len(lines) == 1, errors
    assert errors.rstrip().endswith(lines[0]), errors
    return lines[0]


def interrupt(when: Callable[[], bool], *arguments: object, seconds: float = 120) -> tuple[int, str]:
    """Start a command and press Ctrl-C once `when` is true; gives its status and standard error."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + seconds
    while not when() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None, f"it ended before it could be interrupted: {process.communicate()[1]}"
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    return process.returncode, errors


def interrupt_workers(*command: str, later: float = 0) -> None:
    """Start a program, and press Ctrl-C, which reaches all its processes, as soon as it has a worker, or seconds later.

    It must end soon after, with the one line that tells so, and its workers with it, without a word.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    family = psutil.Process(process.pid)
    deadline = time.monotonic() + 120
    while not (workers := _workers(family)) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert workers, f"it has no worker: {process.communicate()[1]}"
    time.sleep(later)
    os.killpg(process.pid, signal.SIGINT)
    try:
        output, errors = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == 130, errors
    assert not output
    assert last_line(errors) == "tinydf: interrupted"
    assert not psutil.wait_procs(workers, timeout=5)[1]


def _workers(family: psutil.Process) -> list[psutil.Process]:
    try:
        return [one for one in family.children() if any("spawn_main" in word for word in one.cmdline())]
    except psutil.NoSuchProcess:
        return []


def leftovers(directory: Path) -> list[str]:
    """Half-written files below a directory."""
    return [str(path) for path in directory.rglob("*") if ".partial" in path.name or ".retired" in path.name]

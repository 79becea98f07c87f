# SPDX-License-Identifier: Apache-2.0
"""Running a flasher: each line as it comes, a limit on its silence, and nothing left behind when it is interrupted."""

import codecs
import logging
import os
import re
import select
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator

from tinydf.errors import TinydfError
from tinydf.text import printable

logger = logging.getLogger(__name__)

SILENT_SECONDS = 120.0  # a mass erase of two megabytes takes half a minute
END_SECONDS = 3.0


def run(command: list[str], hear: Callable[[str], None], silent_seconds: float | None = None) -> int:
    """Run a program to its end; its exit status, negative if a signal ended it.

    Args:
        command: the program and its arguments.
        hear: called with each line that it prints, of printable text.
        silent_seconds: for how long it may print nothing; SILENT_SECONDS by default.

    Raises:
        TinydfError: if it cannot be started, or prints nothing for too long and had to be ended.
        KeyboardInterrupt: on Ctrl-C, once it has ended too.
    """
    logger.debug("%s", shlex.join(command))
    limit = silent_seconds or SILENT_SECONDS
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise TinydfError(f"{command[0]} does not run: {error.strerror}", "install it again") from None
    with process:
        try:
            for line in _lines(process, limit):
                hear(line)
            return process.wait(limit)
        except (TimeoutError, subprocess.TimeoutExpired):
            what = f"{command[0]} printed nothing for {limit:.0f} s and was ended"
            raise TinydfError(what, "plug the board out and in, and flash it again") from None
        finally:
            _end(process)


def _lines(process: subprocess.Popen[bytes], limit: float) -> Iterator[str]:
    """What it prints, line by line; progress that overwrites itself is lines too. Raises TimeoutError if none come."""
    assert process.stdout is not None
    descriptor, decoder, pending = process.stdout.fileno(), codecs.getincrementaldecoder("utf-8")("replace"), ""
    while select.select([descriptor], [], [], limit)[0]:
        data = os.read(descriptor, 4096)
        *whole, pending = re.split(r"[\r\n]+", pending + decoder.decode(data))
        yield from (printable(line).strip() for line in whole)
        if not data:
            yield printable(pending).strip()
            return
    raise TimeoutError


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and its children, if it runs still: politely, then at once."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            continue

# SPDX-License-Identifier: Apache-2.0
"""`tinydf flash`: program a board, and see by HELLO that the build that runs is the one that was written."""

import time
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel, ConfigDict

from tinydf.boards import flashers
from tinydf.boards.board import Board
from tinydf.boards.flashers.job import Job
from tinydf.errors import TinydfError
from tinydf.link import ports
from tinydf.link.ports import Say
from tinydf.link.trouble import NoAnswer
from tinydf.link.wire import HelloAnswer

WAIT_SECONDS = 20.0  # for a board that was reset to answer
SETTLE_SECONDS = 2.0  # for how long it may be the old build that answers: the reset may come a little late
ATTEMPT_SECONDS = 1.0
RETRY_SECONDS = 0.1


class Flashed(BaseModel):
    """What was done. `port` is where the build answered; None if nobody asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    board: str
    program: str
    build_id: str
    port: str | None


class FlashPlan(BaseModel):
    """What would be done: the command lines, in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    board: str
    program: str
    commands: list[list[str]]


def plan(board: Board, firmware: Path, flasher: str | None, probe: str | None, port: str | None) -> FlashPlan:
    """The command lines with which `flash` would program a board; nothing is run.

    Raises:
        TinydfError: as `flash`, before it begins.
    """
    module, _ = flashers.choose(board, flasher)
    job = _job(module, board, firmware, probe, port)
    return FlashPlan(board=board.name, program=module.PROGRAM, commands=flashers.commands(board, job, flasher))


def flash(
    board: Board,
    firmware: Path,
    build_id: str,
    say: Say,
    *,
    flasher: str | None = None,
    probe: str | None = None,
    port: str | None = None,
    baud: int | None = None,
    wait: bool = True,
) -> Flashed:
    """Write, verify, reset, and wait until the board says HELLO with the build that was written.

    Args:
        board: a board that is plugged in.
        firmware: directory of the build.
        build_id: of that build.
        say: called with each line of progress.
        flasher: as `flashers.names` gives it; by default the first that is installed.
        probe: which debug probe, as the flasher names it; by default the only one there.
        port: the board's serial port; by default the one on USB that may be its.
        baud: for HELLO, instead of the board file's.
        wait: whether to wait for HELLO.

    Raises:
        TinydfError: if it cannot be programmed, another build answers, or it cannot be told which runs.
    """
    module, _ = flashers.choose(board, flasher)
    job = _job(module, board, firmware, probe, port)
    program = flashers.program(board, job, say, flasher)
    if not wait:
        return Flashed(board=board.name, program=program, build_id=build_id, port=None)
    try:
        line = _link(board, module, job, port)
        confirm(board, line, build_id, say, baud)
    except TinydfError as error:
        hint = "press its reset button, or name its serial port with --port" if _is_vague(error) else error.hint
        what = f"written and verified by {program}, but the build that runs is not confirmed: {error.what}"
        raise TinydfError(what, f"{hint}; --no-wait leaves the question out") from None
    return Flashed(board=board.name, program=program, build_id=build_id, port=line)


def _job(module: ModuleType, board: Board, firmware: Path, probe: str | None, port: str | None) -> Job:
    """How a flasher reaches the board: over which port, if it uses one, or with which probe."""
    if module in flashers.SERIAL:
        over_link = module in flashers.OVER_LINK and probe is None
        return Job(firmware, port or (ports.the_port(board).path if over_link else None), probe)
    if module in flashers.USB_PROBES and probe is None:
        probe = _probe(board, port)
    return Job(firmware, None, probe)


def _probe(board: Board, port: str | None) -> str | None:
    """The serial number of the board's debug probe; None where there is but one, or none that shows a port.

    Raises:
        TinydfError: if there are several, and none has this port.
    """
    there = ports.of_board(board)
    if len(there) < 2:
        return None
    if port is None:
        return ports.the_port(board).serial_number
    return next((one.serial_number for one in there if port in (one.path, one.by_id)), None)


def _link(board: Board, module: ModuleType, job: Job, port: str | None) -> str:
    """The serial port on which the firmware speaks."""
    if module in flashers.OVER_LINK and job.port:
        return job.port
    probe = job.probe if module in flashers.USB_PROBES else None
    return port if port and module not in flashers.SERIAL else ports.the_port(board, probe).path


def _is_vague(error: TinydfError) -> bool:
    """True of errors whose advice is to flash."""
    return isinstance(error, NoAnswer | ports.NoPort)


def confirm(board: Board, port: str, build_id: str, say: Say, baud: int | None = None) -> HelloAnswer:
    """Wait until a board that was just programmed answers HELLO with this build.

    Args:
        board: the board.
        port: its serial port, which may come and go while it starts.
        build_id: of the build that was written.
        say: called with what is waited for.
        baud: instead of the board file's.

    Raises:
        TinydfError: if nothing answers in WAIT_SECONDS, or another build does, after SETTLE_SECONDS still.
    """
    say(f"waiting for {board.name} to answer at {port}")
    begin = time.monotonic()
    while True:
        waited = time.monotonic() - begin
        try:
            with ports.connect(port, board.name, baud, patience=ATTEMPT_SECONDS) as line:
                hello = line.greeting()
        except TinydfError:
            if waited > WAIT_SECONDS:
                raise
        else:
            if hello.build_id == build_id:
                return hello
            if waited > SETTLE_SECONDS:
                raise _stale(board, port, hello.build_id, build_id)
        time.sleep(RETRY_SECONDS)


def _stale(board: Board, port: str, runs: str, written: str) -> TinydfError:
    return TinydfError(
        f"the {board.name} at {port} answers with build {runs[:12]}, not {written[:12]}, which was written",
        "is it the board that was flashed? Press its reset button, or name the port with --port",
    )

# SPDX-License-Identifier: Apache-2.0
"""`tinydf flash`: put the firmware on a board, real or emulated."""

import shlex
from pathlib import Path

import click

from tinydf import progress
from tinydf.artefacts.build import ELF, Build, Engine
from tinydf.boards import board as boards
from tinydf.boards import flashers
from tinydf.boards.tflm.setup import Choice
from tinydf.cli.console import note, print_json, results
from tinydf.cli.options import choosing_tflm, in_workspace
from tinydf.errors import TinydfError
from tinydf.flash import Flashed, FlashPlan, confirm, flash, plan
from tinydf.link.ports import AUTO
from tinydf.workspace import Workspace
from tinydf.workspace.firmware import obtain


@click.command()
@click.option("--board", "name", required=True, help="See `tinydf boards list`.")
@click.option("--export", type=click.Path(path_type=Path), help="Build from this export.  [default: build/export]")
@click.option("--firmware", type=click.Path(path_type=Path), help="Flash this directory of `tinydf build` as it is.")
@click.option("--engine", type=click.Choice(["aot", "tflm"]), help="What to build.  [default: what is there, else aot]")
@click.option("--port", default="auto", show_default=True, help="Serial port of the board; auto finds it on USB.")
@click.option("--baud", type=click.IntRange(min=1), help="Bits a second on it, instead of the board file's.")
@click.option(
    "--flasher", type=click.Choice(flashers.names()), help="Flash with this; the first installed if left out."
)
@click.option("--probe", metavar="SERIAL", help="Debug probe by its serial number; for gdb, HOST:PORT of its server.")
@click.option("--dry-run", is_flag=True, help="Print the flasher's command line, and run nothing.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the board to say that it runs this build.")
@click.option(
    "--emulator", is_flag=True, envvar="TINYDF_EMULATOR", show_envvar=True, help="Start it on an emulated board."
)
@click.option("--foreground", is_flag=True, help="Stay until Ctrl-C; only with --emulator.")
@click.option("--name", "alias", help="Call the emulated board this, so that several can run.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@choosing_tflm
@in_workspace
def command(
    name: str,
    export: Path | None,
    firmware: Path | None,
    engine: Engine | None,
    port: str,
    baud: int | None,
    flasher: str | None,
    probe: str | None,
    dry_run: bool,
    no_wait: bool,
    emulator: bool,
    foreground: bool,
    alias: str | None,
    as_json: bool,
    workspace: Workspace,
    choice: Choice,
) -> None:
    """Put the firmware on a board, verify it and start it; or start it on an emulated one and print its port.

    The firmware is that of build/firmware/BOARD. Where that is missing, or its export, the firmware's sources, the
    board's file or the compiler have changed since, it is built first.
    """
    board = boards.load(name)
    emulated = emulator or board.hosted
    if (foreground or alias) and not emulated:
        raise click.UsageError("--foreground and --name go with --emulator")
    given = port != AUTO or baud or flasher or probe or dry_run
    if emulated and given:
        raise click.UsageError("--port, --baud, --flasher, --probe and --dry-run go with a real board")
    line = None if port == AUTO else port
    directory, made = obtain(workspace, name, export, firmware, engine, choice)
    if foreground:
        _serve(board, directory, alias or name)
    elif emulated:
        _start(board, directory, made, alias or name, not no_wait, as_json)
    elif dry_run:
        _show(plan(board, directory, flasher, probe, line), as_json)
    else:
        with progress.spinner(f"programming {made.flash_bytes:,} bytes") as say:
            done = flash(
                board,
                directory,
                made.build_id,
                say,
                flasher=flasher,
                probe=probe,
                port=line,
                baud=baud,
                wait=not no_wait,
            )
        _report(done, as_json)


def _start(board: boards.Board, directory: Path, made: Build, alias: str, wait: bool, as_json: bool) -> None:
    from tinydf import emulator

    if emulator.alive(alias):
        note(f"stopping the emulated {alias} that was running")
    running = emulator.start(board.name, directory / ELF, alias, replace=True)
    if wait:
        confirm(board, running.port, made.build_id, lambda text: None)
    if as_json:
        build = made.build_id
        print_json({"name": running.name, "port": running.port, "pid": running.pid, "build_id": build})
        return
    note(f"{alias} is up, build {made.build_id[:12]}; stop it with `tinydf emulator stop {alias}`")
    results.print(running.port, soft_wrap=True)


def _serve(board: boards.Board, directory: Path, alias: str) -> None:
    from tinydf import emulator
    from tinydf.emulator.serve import serve

    def ready(state: emulator.State) -> None:
        note(f"{alias} is up; Ctrl-C stops it")
        results.print(state.port, soft_wrap=True)

    emulator.prepare(board.name, directory / ELF, alias, replace=False)
    try:
        state = serve(alias, board.name, ready)
    finally:
        emulator.stop(alias)
    if state.last_words:
        raise TinydfError(f"the emulated {alias} stopped: {state.last_words}")


def _show(found: FlashPlan, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for line in found.commands:
        click.echo(shlex.join(line))


def _report(done: Flashed, as_json: bool) -> None:
    if as_json:
        print_json(done)
    elif done.port is None:
        note(f"written and verified by {done.program}: build {done.build_id[:12]}")
    else:
        note(f"written and verified by {done.program}: build {done.build_id[:12]} answers at {done.port}")

# SPDX-License-Identifier: Apache-2.0
"""Each flasher as far as it goes without a board: against a model of what it talks to, or its own parser alone."""

import importlib.util
import logging
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.boards.export import write_export
from tests.boards.uart_bootloader import FLASH_START, WRITE, boot_loader
from tinydf.artefacts.build import read_build
from tinydf.boards import board as boards
from tinydf.boards import flashers
from tinydf.boards.board import Board, CubeProgrammer, Flash, Gdb, OpenOcd, PyOcd, StFlash, Stm32Flash
from tinydf.boards.build import build
from tinydf.boards.flashers import cube_programmer, gdb, openocd, process, pyocd, st_flash, stm32flash
from tinydf.boards.flashers.job import Job
from tinydf.errors import TinydfError
from tinydf.flash import flash

HOME = Path("/a b")
OF_PROBES = [name for name in boards.names() if boards.load(name).flash.openocd]


def with_flash(name: str, **tables: object) -> Board:
    """A board with other [flash] tables."""
    return boards.load(name).model_copy(update={"flash": Flash.model_validate(tables)})


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (openocd.command(OpenOcd(script="t.cfg", interface="i.cfg"), Job(HOME, probe="06 7")),
         ["-f", "i.cfg", "-f", "t.cfg", "-c", "adapter serial {06 7}"]),
        (st_flash.command(StFlash(address=FLASH_START), Job(HOME, probe="067")), ["--serial", "067"]),
        (cube_programmer.command(CubeProgrammer(connect="port=SWD"), Job(HOME, probe="067")),
         ["-c", "port=SWD", "sn=067"]),
        (pyocd.command(PyOcd(target="t", address=FLASH_START), Job(HOME, probe="067")), ["--uid", "067"]),
        (gdb.command(Gdb(), Job(HOME, probe="lab:2331")), ["-ex", "target extended-remote lab:2331"]),
    ],
)  # fmt: skip
def test_each_has_its_own_way_to_choose_a_probe(command: list[str], words: list[str]) -> None:
    assert f" {shlex.join(words)} " in shlex.join(command)
    assert "/a b/firmware." in " ".join(command)


def test_names() -> None:
    assert flashers.names() == ["openocd", "st-flash", "cube-programmer", "pyocd", "esptool", "stm32flash", "gdb"]
    board = boards.load("nucleo-h743")
    assert set(board.flash.tables) == set(flashers.names()) - {"esptool"}
    assert flashers.choose(board, "st-flash")[0] is st_flash
    with pytest.raises(TinydfError, match=r"no \[flash\.esptool\] table: it is flashed by openocd, st-flash"):
        flashers.choose(board, "esptool")
    with pytest.raises(TinydfError, match="stm32flash needs the serial port of nucleo-h743: give --port"):
        flashers.commands(board, Job(HOME), "stm32flash")
    with pytest.raises(TinydfError, match="esptool programs over a serial port: give --port instead of --probe"):
        flashers.commands(boards.load("esp32-c3-devkitm-1"), Job(HOME, probe="067"))


@pytest.mark.skipif(shutil.which("openocd") is None, reason="needs OpenOCD")
@pytest.mark.parametrize("name", OF_PROBES)
def test_openocd_takes_its_scripts(name: str) -> None:
    settings = boards.load(name).flash.openocd
    assert settings
    *chosen, _, _ = openocd.command(settings, Job(HOME, probe="067"))
    ask = [*chosen, "-c", "echo [target names]; shutdown"]
    done = subprocess.run(ask, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "Error" not in done.stderr, done.stderr
    assert re.search(rf"^stm32{name[7:9]}x\.cpu0?$", done.stderr, re.MULTILINE), done.stderr


# Those that need `pyocd pack install TARGET` first (docs/how-to/flash.md).
IN_PACKS = {"nucleo-f446", "nucleo-h7a3", "nucleo-l4r5", "nucleo-u575"}


@pytest.mark.skipif(importlib.util.find_spec("pyocd") is None, reason="needs pyocd")
def test_pyocd_knows_the_chips() -> None:
    from pyocd.target.builtin import BUILTIN_TARGETS
    from pyocd.utility.cmdline import split_command_line

    tables = {name: boards.load(name).flash.pyocd for name in OF_PROBES}
    targets = {name: table.target for name, table in tables.items() if table}
    assert set(targets) == set(OF_PROBES)
    assert {name for name, target in targets.items() if target not in BUILTIN_TARGETS} == IN_PACKS
    command = pyocd.command(PyOcd(target="t", address=FLASH_START), Job(Path('/a "b"\\c;d')))
    load, compare, _ = (split_command_line(command[at + 1]) for at, word in enumerate(command) if word == "-c")
    assert load == ["load", '/a "b"\\c;d/firmware.elf']
    assert compare == ["compare", "0x08000000", '/a "b"\\c;d/firmware.bin']


@pytest.mark.skipif(importlib.util.find_spec("pyocd") is None, reason="needs pyocd")
def test_pyocd_without_a_probe_says_so() -> None:
    with pytest.raises(TinydfError, match="pyocd found no probe: plug nucleo-h743 in, or use --emulator"):
        flashers.program(boards.load("nucleo-h743"), Job(HOME), print, "pyocd")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A directory with a blank in its name, and a binary that is no multiple of the boot loader's 256 bytes."""
    directory = tmp_path / "a b"
    directory.mkdir()
    (directory / "firmware.bin").write_bytes(os.urandom(3000))
    return directory


needs_stm32flash = pytest.mark.skipif(shutil.which("stm32flash") is None, reason="needs stm32flash")
# A pseudo-terminal carries no parity bit, hence not 8e1.
BY_UART = with_flash("nucleo-h743", stm32flash={"address": FLASH_START, "mode": "8n1"})


@needs_stm32flash
def test_stm32flash_writes_verifies_and_starts(image: Path) -> None:
    said: list[str] = []
    with boot_loader() as (port, chip):
        assert flashers.program(BY_UART, Job(image, port), said.append, "stm32flash") == "stm32flash"
    assert chip.flash.startswith((image / "firmware.bin").read_bytes())
    assert chip.started == FLASH_START
    assert any(line.startswith("Wrote and verified address 0x0800") for line in said)


@needs_stm32flash
@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ({"refused": WRITE}, "did not program nucleo-h743: Got NACK from device on command 0x31"),
        ({"worn": 700}, r"did not program nucleo-h743: Failed to verify at address 0x080002bc, expected 0x"),
        ({"silent_from": FLASH_START + 512}, "did not program nucleo-h743: Failed to read ACK byte: check"),
    ],
)
def test_stm32flash_fails_in_one_line(image: Path, fault: dict[str, int], line: str) -> None:
    with boot_loader() as (port, chip):
        for name, value in fault.items():
            setattr(chip, name, value)
        with pytest.raises(TinydfError, match=f"^stm32flash {line}"):
            flashers.program(BY_UART, Job(image, port), print, "stm32flash")
    assert chip.started is None


@needs_stm32flash
def test_stm32flash_where_no_boot_loader_listens(image: Path) -> None:
    ours, theirs = os.openpty()
    try:
        hint = "stm32flash found no boot loader at that port: pull BOOT0 high, press reset, and flash again"
        with pytest.raises(TinydfError, match=hint):
            flashers.program(BY_UART, Job(image, os.ttyname(theirs)), print, "stm32flash")
        with pytest.raises(TinydfError, match=hint):
            flashers.program(BY_UART, Job(image, str(image / "none")), print, "stm32flash")
    finally:
        os.close(ours)
        os.close(theirs)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.emulator
@pytest.mark.skipif(shutil.which("gdb-multiarch") is None, reason="needs gdb-multiarch")
def test_gdb_loads_a_halted_machine_and_its_firmware_answers(tmp_path: Path) -> None:
    """An empty MPS2 of QEMU, halted, behind its gdb server: what a board with a debug probe is to gdb."""
    directory, server = tmp_path / "a b", f"127.0.0.1:{_free_port()}"
    build("mps2-an386", write_export(tmp_path / "export"), directory)
    board = with_flash("mps2-an386", gdb={"remote": server, "reset": "system_reset"})
    with pytest.raises(
        TinydfError, match=r"gdb-multiarch found no gdb server: start one, or name it with --probe HOST"
    ):
        flashers.program(board, Job(directory), print, "gdb")
    machine = ["qemu-system-arm", "-machine", "mps2-an386", "-icount", "shift=6", "-display", "none", "-S"]
    with subprocess.Popen(
        [*machine, "-monitor", "none", "-serial", "pty", "-gdb", f"tcp:{server}"], stdout=subprocess.PIPE, text=True
    ) as qemu:
        try:
            assert qemu.stdout is not None
            found = re.search(r"redirected to (\S+)", qemu.stdout.readline())
            assert found
            held = os.open(found[1], os.O_RDWR | os.O_NOCTTY)  # QEMU looks for a reader but once a second
            build_id = read_build(directory).build_id
            said: list[str] = []
            done = flash(board, directory, build_id, said.append, flasher="gdb", port=found[1])
            os.close(held)
        finally:
            qemu.kill()
    assert (done.program, done.port) == ("gdb-multiarch", found[1])
    assert any(line.startswith("Section .text") and line.endswith(": matched.") for line in said)


def fake(directory: Path, program: str, script: str) -> None:
    """A program of a flasher's name that does what a shell script says."""
    path = directory / program
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory first on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path


BOARD = boards.load("nucleo-h743")


@pytest.mark.slow
def test_a_flasher_that_hangs_is_ended_and_its_children_too(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SILENT_SECONDS", 2.0)
    fake(tools, "openocd", f"echo started; sleep 600 & echo $! > {tools}/child; wait")
    with pytest.raises(TinydfError, match=r"openocd printed nothing for 2 s and was ended: plug the board out and in"):
        flashers.program(BOARD, Job(HOME), print, "openocd")
    child = int((tools / "child").read_text())
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.kill(child, 0)
            time.sleep(0.05)


def test_a_flasher_that_is_killed(tools: Path) -> None:
    fake(tools, "openocd", "kill -9 $$")
    with pytest.raises(TinydfError, match="openocd was killed by signal 9: flash nucleo-h743 again"):
        flashers.program(BOARD, Job(HOME), print, "openocd")


def test_ctrl_c_ends_the_flasher_and_says_that_the_flash_is_not_whole(
    tools: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tinydf")
    fake(tools, "openocd", f"echo $$ > {tools}/pid; exec sleep 600")

    def press() -> None:
        while not (tools / "pid").exists() or not (tools / "pid").read_text():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt):
        flashers.program(BOARD, Job(HOME), print, "openocd")
    assert caplog.messages == ["stopped; the flash of nucleo-h743 may be half-written: flash it again"]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tools / "pid").read_text()), 0)


def test_what_a_flasher_prints_is_text(tools: Path) -> None:
    said: list[str] = []
    fake(tools, "openocd", r"printf '** \033[2J[/x]\377 **\r** Verified OK **\n'")
    flashers.program(BOARD, Job(HOME), said.append, "openocd")
    assert said == ["\\x1b[2J[/x]\ufffd", "Verified OK"]


def test_a_chip_that_pyocd_does_not_know(tools: Path) -> None:
    """What pyocd 0.46 says of it, once it has found a probe."""
    fake(
        tools,
        "pyocd",
        "echo \"Error: Target type stm32h743xx not recognized. Use 'pyocd list --targets' to see\"; exit 1",
    )
    with pytest.raises(TinydfError, match=r"pyocd does not know stm32h743xx: `pyocd pack install stm32h743xx`"):
        flashers.program(BOARD, Job(HOME), print, "pyocd")


def test_settings_of_stm32flash() -> None:
    command = stm32flash.command(Stm32Flash(address=FLASH_START), Job(HOME, "/dev/ttyUSB0"))
    assert shlex.join(command) == (
        "stm32flash -b 115200 -m 8e1 -w '/a b/firmware.bin' -v -S 0x08000000 -g 0x08000000 /dev/ttyUSB0"
    )

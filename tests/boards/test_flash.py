# SPDX-License-Identifier: Apache-2.0
"""`tinydf flash` without an emulator, and the firmware that it takes."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.boards.export import write_export
from tinydf.boards import board as boards
from tinydf.boards import flashers
from tinydf.boards.flashers import cube_programmer, openocd, st_flash
from tinydf.boards.flashers.job import Job
from tinydf.errors import TinydfError


@pytest.fixture
def firmware(h743_firmware: Path) -> Path:
    return h743_firmware


def tinydf(*arguments: str | Path, directory: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    command = [sys.executable, "-m", "tinydf.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=directory)


def refused(*arguments: str | Path, directory: Path | None = None) -> str:
    """The one line with which the command fails."""
    done = tinydf("flash", *arguments, directory=directory)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert lines[-1].startswith("tinydf: ") and "Traceback" not in done.stderr
    return lines[-1].removeprefix("tinydf: ")


@pytest.mark.skipif(shutil.which("openocd") is None, reason="needs OpenOCD")
def test_openocd_without_a_probe_says_so(firmware: Path) -> None:
    line = refused("--board", "nucleo-h743", "--firmware", firmware)
    assert line == "openocd found no probe: plug nucleo-h743 in, or use --emulator"


def _install(directory: Path, program: str, says: str, status: int) -> None:
    """A program of that name which says what the real one says (taken from its sources)."""
    path = directory / program
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\necho \"$0 $*\" >> {directory}/calls\nexit {status}\n")
    path.chmod(0o755)


# What each program prints when all went well, when there is no probe, and when the flash is not as written.
TRANSCRIPTS = {
    "openocd": (
        "** Programming Started **\n** Programming Finished **\n** Verify Started **\n** Verified OK **\n"
        "** Resetting Target **\nshutdown command invoked",
        "Error: open failed\nin procedure 'program'\n** OpenOCD init failed **\nshutdown command invoked",
        "** Programming Finished **\n** Verify Started **\nError: checksum mismatch - attempting binary compare\n"
        "** Verify Failed **\nshutdown command invoked",
    ),
    "st-flash": (
        "st-flash 1.7.0\nINFO common.c: Flash page at addr: 0x08000000\nINFO common.c: Starting verification of write "
        "complete\nINFO common.c: Flash written and verified! jolly good!",
        "st-flash 1.7.0\nError in usb: Couldn't find any ST-Link devices",
        "INFO common.c: Starting verification of write complete\nERROR flash_loader.c: verification failed",
    ),
    "STM32_Programmer_CLI": (
        "Memory Programming ...\nFile download complete\nVerifying ...\nDownload verified successfully\n"
        "Software reset is performed",
        "Error: No ST-LINK detected!",
        "File download complete\nVerifying ...\nError: Data mismatch found at address 0x08000000",
    ),
}


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it but a shell's own needs."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("sh", "cat"):
        (directory / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setattr(flashers, "installed", shutil.which)  # not what pip has put beside this Python
    return directory


@pytest.mark.parametrize("program", TRANSCRIPTS)
def test_the_flasher_that_is_installed_is_used(program: str, tools: Path, firmware: Path) -> None:
    board = boards.load("nucleo-h743")
    done, no_probe, mismatch = TRANSCRIPTS[program]
    _install(tools, program, done, 0)
    said: list[str] = []
    assert flashers.program(board, Job(firmware), said.append) == program
    assert said
    assert str(firmware) in (tools / "calls").read_text()
    _install(tools, program, no_probe, 1)
    with pytest.raises(TinydfError, match=f"{program} found no probe: plug nucleo-h743 in, or use --emulator"):
        flashers.program(board, Job(firmware), said.append)
    for status in (0, 1):
        _install(tools, program, mismatch, status)
        with pytest.raises(TinydfError, match=rf"{program} did not program nucleo-h743: .*(mismatch|verification)"):
            flashers.program(board, Job(firmware), said.append)


def test_none_installed(tools: Path, firmware: Path) -> None:
    with pytest.raises(TinydfError, match=r"no program to flash nucleo-h743 .*: apt-get install openocd"):
        flashers.program(boards.load("nucleo-h743"), Job(firmware), print)


def test_every_flasher_verifies_and_resets() -> None:
    """Their command lines, as their manuals have them; a directory with a blank stays one argument."""
    flash = boards.load("nucleo-h743").flash
    home = Path("/a b")
    assert flash.openocd and flash.st_flash and flash.cube_programmer
    assert openocd.command(flash.openocd, Job(home)) == [
        *("openocd", "-f", "board/st_nucleo_h743zi.cfg", "-c", "program {/a b/firmware.elf} verify reset exit")
    ]
    assert st_flash.command(flash.st_flash, Job(home)) == [
        *("st-flash", "--reset", "write", "/a b/firmware.bin", "0x08000000")
    ]
    assert cube_programmer.command(flash.cube_programmer, Job(home)) == [
        *("STM32_Programmer_CLI", "-c", "port=SWD", "-w", "/a b/firmware.elf", "-v", "-rst")
    ]


# The mock of the ROM's boot loader knows no revision: here it gets one, where the eFuses have its minor number.
ROM = """
import sys
from esp32_mock_bootloader import registers, server
from esptool.targets import ESP32C3ROM

minor, port_file, chip = sys.argv[1:]
if chip == "esp32c3":
    registers.rom_profile(chip)[ESP32C3ROM.EFUSE_BLOCK1_ADDR + 4 * 3] = int(minor) << 18
server.run_server(0, chip_mode=chip, port_file=port_file)
"""


@contextmanager
def rom(minor: int, directory: Path, chip: str = "esp32c3") -> Iterator[str]:
    """A port behind which the boot loader of a chip (an ESP32-C3 of revision v0.`minor`) speaks esptool's protocol."""
    port = directory / "port"
    command = [sys.executable, "-c", ROM, str(minor), str(port), chip]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(600):
                if port.exists() and port.read_text():
                    break
                time.sleep(0.1)
            yield f"socket://127.0.0.1:{port.read_text()}"
        finally:
            server.kill()


def test_esptool_writes_verifies_and_resets(tmp_path: Path) -> None:
    """The real esptool, which compares the MD5 of what the mock has in its flash."""
    (tmp_path / "firmware.bin").write_bytes(bytes(range(256)) * 40)
    said: list[str] = []
    with rom(3, tmp_path) as port:
        assert flashers.program(boards.load("esp32-c3-devkitm-1"), Job(tmp_path, port), said.append) == "esptool"
    assert "Hash of data verified." in said


def test_a_chip_whose_rom_cannot_start_the_firmware_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "firmware.bin").write_bytes(bytes(256))
    said: list[str] = []
    with rom(2, tmp_path) as port, pytest.raises(TinydfError, match=r"of revision v0\.2, .*: use .* v0\.3 or newer"):
        flashers.program(boards.load("esp32-c3-devkitm-1"), Job(tmp_path, port), said.append)
    assert not any(line.startswith(("Writing", "Wrote")) for line in said)


def test_esptool_without_a_board_says_so(tmp_path: Path) -> None:
    (tmp_path / "firmware.bin").write_bytes(bytes(256))
    board = boards.load("esp32-c3-devkitm-1")
    with pytest.raises(TinydfError, match="esptool found no board at that port: plug esp32-c3-devkitm-1 in, or use"):
        flashers.program(board, Job(tmp_path, str(tmp_path / "none")), print)


def test_a_board_that_does_not_exist(firmware: Path) -> None:
    line = refused("--board", "nucleo-f4", "--firmware", firmware)
    assert line == f"there is no board 'nucleo-f4': boards: {', '.join(boards.names())}"


def test_no_firmware_yet_and_an_export_that_is_damaged(tmp_path: Path) -> None:
    damaged = tmp_path / "build" / "export" / "manifest.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{")
    line = refused("--board", "nucleo-h743", "--emulator", directory=tmp_path)
    assert line.startswith("build/export/manifest.json: ") and "tinydf export" in line
    assert not (tmp_path / "build" / "firmware").exists()


def test_a_directory_that_is_no_firmware(tmp_path: Path) -> None:
    assert "build.json does not exist" in refused("--board", "nucleo-h743", "--firmware", tmp_path)


def test_the_firmware_of_another_board(firmware: Path) -> None:
    assert "is for nucleo-h743, not posix" in refused("--board", "posix", "--firmware", firmware)


def test_the_firmware_of_another_model(firmware: Path, tmp_path: Path) -> None:
    other = write_export(tmp_path / "other", content=b"another model")
    arguments = ("--board", "nucleo-h743", "--firmware", firmware, "--export", other, "--emulator")
    assert "holds another model than" in refused(*arguments)


def test_options_that_need_an_emulator(firmware: Path) -> None:
    done = tinydf("flash", "--board", "nucleo-h743", "--firmware", firmware, "--foreground")
    assert done.returncode == 2
    assert "go with --emulator" in done.stderr

# SPDX-License-Identifier: Apache-2.0
"""Finding the board: the lines are real pseudo-terminals with the real application; only what USB says is made up."""

import json
import os
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

from tests.firmware.host import POSIX_PORT, application, running
from tests.link.line import bad_line
from tinydf import emulator, resources
from tinydf.cli import main
from tinydf.errors import TinydfError
from tinydf.link import client, ports
from tinydf.link.trouble import used_by

H743 = "nucleo-h743"
ST_LINK = (0x0483, 0x374B)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No board of this computer, emulated or real; and little patience."""
    monkeypatch.setenv("TINYDF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 2.0)
    monkeypatch.setattr(ports, "QUICK_SECONDS", 1.0)


@pytest.fixture
def plug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets USB show a port, with a serial number and its by-id path."""
    there: list[ListPortInfo] = []
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: there)
    monkeypatch.setattr(ports, "BY_ID", tmp_path / "by-id")

    def add(port: str, number: str, usb: tuple[int, int] = ST_LINK) -> None:
        info = ListPortInfo(port)
        info.vid, info.pid, info.serial_number, info.description = *usb, number, "STM32 STLink"
        there.append(info)
        (tmp_path / "by-id").mkdir(exist_ok=True)
        (tmp_path / "by-id" / f"usb-{number.replace('/', '-')}").symlink_to(port)

    return add


Plug = Callable[..., None]


def refused(*arguments: object, **options: object) -> str:
    """The one line of a port that cannot be used."""
    with pytest.raises(TinydfError) as caught:
        ports.connect(*arguments, **options).close()  # type: ignore[arg-type]
    assert caught.value.hint and "\n" not in str(caught.value)
    return str(caught.value)


def test_the_one_board_on_usb_is_taken(plug: Plug) -> None:
    said: list[str] = []
    with running(board=H743) as port:
        plug(port, "0670FF")
        with ports.connect(say=said.append) as board:
            assert (board.port, board.greeting().board) == (port, H743)
    assert said == [f"taking {port} (USB 0483:374b, serial number 0670FF)"]


def test_two_boards_are_named_and_none_is_taken(plug: Plug, tmp_path: Path) -> None:
    with running(board=H743) as one, running(board="nucleo-f446") as other:
        plug(one, "AAA")
        plug(other, "BBB")
        first, second = (f"{H743} at {one} (USB 0483:374b, serial number AAA)", f"nucleo-f446 at {other} (USB")
        line = refused()
        assert line.startswith("there are 2 boards: ") and first in line and second in line
        assert f"choose with --port, as in --port {tmp_path}/by-id/usb-" in line
        with ports.connect(board=H743) as board:
            assert board.port == one
        with ports.connect(f"{tmp_path}/by-id/usb-BBB") as board:
            assert board.greeting().board == "nucleo-f446"


@pytest.fixture
def silent() -> Iterator[str]:
    """A port where nothing answers."""
    ours, theirs = os.openpty()
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


@pytest.mark.slow
def test_of_two_ports_the_one_that_answers_is_taken(plug: Plug, silent: str) -> None:
    plug(silent, "AAA")
    with running(board=H743) as port:
        plug(port, "BBB")
        with ports.connect() as board:
            assert board.port == port
    assert f"no board answers: nothing answers HELLO at {silent}; " in refused()


def test_no_board_says_what_was_looked_for(plug: Plug) -> None:
    line = refused(board=H743)
    assert line.startswith("there is no serial port of nucleo-h743 (0483:374a, 0483:374b, ")
    assert line.endswith(": plug the board in, or use `tinydf flash --board nucleo-h743 --emulator`")
    assert refused().startswith("there is no serial port of any board on USB and no emulated one that runs: ")
    assert refused(board="nucleo-h7").startswith("there is no board 'nucleo-h7': boards: ")
    plug("/dev/ttyUSB7", "X", (0x0403, 0x6001))
    assert refused().endswith("; if /dev/ttyUSB7 (USB 0403:6001) is it, give it with --port")


def test_a_board_of_another_kind(plug: Plug) -> None:
    with running(board="nucleo-f446") as port:
        plug(port, "AAA")
        line = refused(board=H743)
        assert line == f"the board at {port} is a nucleo-f446, not a nucleo-h743: give the port of the right one"
        assert refused(port, H743) == line


HOLD = "import serial, sys, time; line = serial.Serial(sys.argv[1], exclusive=True); print(flush=True); time.sleep(60)"


def test_a_port_in_use_names_the_process(plug: Plug) -> None:
    with running(board=H743) as port:
        plug(port, "AAA")
        with subprocess.Popen([sys.executable, "-c", HOLD, port], stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None and holder.stdout.readline() == b"\n"
            assert used_by(port).startswith(f"process {holder.pid} ({sys.executable} -c 'import serial")
            assert refused().startswith(f"port {port} is busy: process {holder.pid} (")
            holder.kill()


def test_no_permission_names_the_group_and_the_command(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    Path(silent).chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.chown(silent, 0, 20)
            os.seteuid(65534)
        line = refused(silent)
    finally:
        os.seteuid(user)
    assert line.startswith(f"no permission to open {silent}, which is for the group ")
    if user == 0:
        assert line.endswith("the group dialout: `sudo usermod -aG dialout ada`, then log in again")


def test_a_port_that_vanished(plug: Plug) -> None:
    ours, theirs = os.openpty()
    port = os.ttyname(theirs)
    plug(port, "AAA")
    os.close(ours)
    os.close(theirs)
    assert refused() == f"{port} (USB 0483:374b, serial number AAA) has vanished: plug the board in again"


def replying(reply: Callable[[bytes], bytes]) -> str:
    """A port whose other end answers each piece of what it is sent, until the port is closed."""
    ours, theirs = os.openpty()
    port = os.ttyname(theirs)

    def serve() -> None:
        while reply_to := os.read(ours, 4096):
            if os.write(ours, reply(reply_to)) == 0:
                break

    threading.Thread(target=serve, daemon=True).start()
    return port


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (lambda data: data, r" sends back what it is sent: TX and RX are joined, or what runs there echoes"),
        (lambda data: b"\x1b[31mESP-ROM:esp32c3-api1\r\nwaiting for download\r\n",
         r" is not tinydf's, it says: \x1b[31mESP-ROM:esp32c3-api1 waiting for download"),
        (lambda data: bytes(range(128, 256)), "; what comes is not readable at 921600 baud: give the board's own rate"),
    ],
)  # fmt: skip
def test_what_answers_is_not_the_firmware(reply: Callable[[bytes], bytes], message: str) -> None:
    assert message in refused(replying(reply))


@pytest.mark.slow
def test_a_silent_port_may_not_be_flashed(silent: str) -> None:
    assert f"nothing answers HELLO at {silent}: is it the right port, and is the firmware" in refused(silent)


def test_a_port_that_echoes_and_answers_is_a_board() -> None:
    """As on a bus of two wires."""
    echo: list[bytes] = []

    def heard(data: bytes) -> bytes:
        echo.append(data)
        return data

    with bad_line(application(POSIX_PORT), to_board=heard, to_host=lambda data: b"".join(echo) + data) as line:
        ports.connect(line.port).close()


def speed_of(port: str) -> int:
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    speed: int = termios.tcgetattr(descriptor)[4]
    os.close(descriptor)
    return speed


@pytest.fixture
def slow_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One more board, at 460800 baud, on a USB id of its own."""
    directory = tmp_path / "boards"
    directory.mkdir()
    for path in resources.BOARDS.glob("*.toml"):
        (directory / path.name).write_text(path.read_text())
    text = (resources.BOARDS / f"{H743}.toml").read_text().replace("921_600", "460_800")
    text = text.replace(f'name = "{H743}"', 'name = "slow"').replace("0483:374a", "dead:beef")
    (directory / "slow.toml").write_text(text.replace(', "0483', '] #"', 1))
    monkeypatch.setattr(resources, "BOARDS", directory)
    return "slow"


@pytest.mark.slow
def test_the_baud_rate_is_the_boards(plug: Plug, slow_board: str) -> None:
    """A line that only carries at 460800 baud, found by the USB id, by the board's name, or by trying."""
    speeds: list[int] = []
    opened: list[str] = []

    def at_its_rate(data: bytes) -> bytes:
        speeds.append(speed_of(opened[0]))
        return data if speeds[-1] == termios.B460800 else b""

    with bad_line(application(POSIX_PORT, board=slow_board), to_board=at_its_rate) as line:
        opened.append(line.port)
        with ports.connect(line.port, slow_board) as board:
            assert board.baud == 460_800 and set(speeds) == {termios.B460800}
        speeds.clear()
        with ports.connect(line.port) as board:
            assert board.baud == 460_800 and set(speeds) == {termios.B921600, termios.B460800}
        assert "nothing answers HELLO" in refused(line.port, slow_board, 921_600)
        plug(line.port, "AAA", (0xDEAD, 0xBEEF))
        speeds.clear()
        with ports.connect() as board:
            assert board.baud == 460_800 and set(speeds) == {termios.B460800}


@pytest.mark.slow
def test_an_emulated_board_counts_where_none_is_on_usb(plug: Plug, silent: str) -> None:
    said: list[str] = []
    emulator.start("posix", application(POSIX_PORT), "desk")
    try:
        with ports.connect(say=said.append) as board:
            assert board.greeting().board == "posix"
        assert said == [f"taking the emulated desk at {emulator.home('desk') / 'tty'}"]
        emulator.start("posix", application(POSIX_PORT), "second")
        assert refused().startswith(
            f"there are 2 boards: the emulated desk at {emulator.home('desk') / 'tty'}, the emul"
        )
        plug(silent, "AAA")
        assert f"nothing answers HELLO at {silent}" in refused()
    finally:
        emulator.stop("desk")
        emulator.stop("second")


def test_the_list(plug: Plug, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main.main(["ports"], standalone_mode=False) is None
    assert capsys.readouterr().err == "no serial port on USB, and no emulated board runs\n"
    with running(board=H743) as port:
        plug(port, "[/x]")
        main.main(["ports", "--json"], standalone_mode=False)
        (listed,) = json.loads(capsys.readouterr().out)
        assert listed["board"] is None and listed["port"]["path"] == port and H743 in listed["port"]["boards"]
        main.main(["ports", "--hello", "--json"], standalone_mode=False)
        (listed,) = json.loads(capsys.readouterr().out)
        assert (listed["board"], listed["build_id"], listed["problem"]) == (H743, "0123abcd", None)
        main.main(["ports", "--hello"], standalone_mode=False)
        shown = capsys.readouterr().out.splitlines()
        assert shown[:2] == [port, f"    {tmp_path}/by-id/usb-[-x]"]
        assert shown[2] == "    USB 0483:374b, serial number [/x], STM32 STLink"
        assert shown[4] == f"    answers: {H743}, build 0123abcd"

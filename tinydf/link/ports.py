# SPDX-License-Identifier: Apache-2.0
"""Serial ports: which there are, which board each may be, and which board answers."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from serial.tools import list_ports

from tinydf import emulator
from tinydf.boards import board as boards
from tinydf.errors import TinydfError
from tinydf.link import client, wire
from tinydf.link.client import Connection
from tinydf.link.trouble import NoAnswer

AUTO = "auto"
BY_ID = Path("/dev/serial/by-id")
QUICK_SECONDS = 3.0  # for each of several ports
Say = Callable[[str], None]


class NoPort(TinydfError):
    """No serial port was found."""


class Port(BaseModel):
    """A serial port of this computer, or of an emulated board.

    Attributes:
        path: what `--port` takes.
        by_id: a path that stays the same whichever board is plugged in first.
        usb: vendor and product, as in a board's `[usb] ids`.
        serial_number: of the USB device; a debug probe's own number where the port is the probe's.
        what: the device's own description.
        boards: the boards that it may be.
        emulated: the emulated board behind it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    by_id: str | None = None
    usb: str | None = None
    serial_number: str | None = None
    what: str = ""
    boards: tuple[str, ...] = ()
    emulated: str | None = None

    def __str__(self) -> str:
        """For a message: what it is, and where."""
        if self.emulated:
            return f"the emulated {self.emulated} at {self.path}"
        number = f", serial number {self.serial_number}" if self.serial_number else ""
        return f"{self.path} (USB {self.usb}{number})"


class Asked(BaseModel):
    """A port and who answers HELLO there, or why nobody does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: Port
    board: str | None = None
    unique_id: str | None = None
    build_id: str | None = None
    problem: str | None = None


def listed() -> list[Port]:
    """The serial ports on USB, and those of the emulated boards that run."""
    known = {name: boards.load(name) for name in boards.names()}
    return [*_on_usb(known), *_emulated()]


def _on_usb(known: dict[str, boards.Board]) -> list[Port]:
    links = {str(link.resolve()): str(link) for link in sorted(BY_ID.glob("*"))}
    ports = []
    for one in sorted(list_ports.comports()):  # pyserial's own order: ttyACM9 stands before ttyACM10
        if one.vid is None:
            continue
        usb = f"{one.vid:04x}:{one.pid:04x}"
        ports.append(
            Port(
                path=one.device,
                by_id=links.get(str(Path(one.device).resolve())),
                usb=usb,
                serial_number=one.serial_number,
                what=one.description or "",
                boards=tuple(name for name, board in known.items() if board.usb and usb in board.usb.ids),
            )
        )
    return ports


def _emulated() -> list[Port]:
    return [
        Port(path=state.port, what="emulated board", boards=(state.board,), emulated=state.name)
        for state in emulator.running()
    ]


def ask(port: Port, patience: float = QUICK_SECONDS) -> Asked:
    """Say HELLO at a port."""
    try:
        with _greeted(port.path, _bauds(port.boards), patience) as board:
            hello = board.greeting()
    except TinydfError as error:
        return Asked(port=port, problem=str(error))
    return Asked(port=port, board=hello.board, unique_id=hello.unique_id.hex(), build_id=hello.build_id)


def connect(
    port: str = AUTO,
    board: str | None = None,
    baud: int | None = None,
    say: Say = lambda line: None,
    patience: float | None = None,
) -> Connection:
    """Open the port of a board that answers HELLO.

    Args:
        port: what pyserial takes (/dev/ttyACM0, /dev/serial/by-id/..., socket://host:4000), or "auto": the one board
            on USB, or the one emulated board that runs if there is none on USB.
        board: the board that is wanted; its file gives the baud rate. Without it, those of the known boards are tried.
        baud: bits a second, instead of the board file's.
        say: called with a line that says which port "auto" took.
        patience: for how many seconds a given port may be silent.

    Raises:
        TinydfError: if there is no such board, there are several, or the port cannot be used; each says how to mend it.
    """
    if port != AUTO:
        there = tuple(boards.names()) if board is None else (board,)
        return _of_kind(_greeted(port, [baud] if baud else _bauds(there), patience), board)
    found, line = _find(board, baud)
    say(f"taking {found}")
    return line


def of_board(board: boards.Board) -> list[Port]:
    """The ports on USB that may be a board's."""
    return [one for one in listed() if one.usb and board.name in one.boards]


def the_port(board: boards.Board, serial_number: str | None = None) -> Port:
    """The one port on USB that may be a board's, which need not answer.

    Args:
        board: the board.
        serial_number: of its debug probe, to tell it from others.

    Raises:
        TinydfError: if there is none, or there are several.
    """
    there = of_board(board)
    chosen = [one for one in there if serial_number is None or one.serial_number == serial_number]
    if there and not chosen:
        listing = ", ".join(map(str, there))
        raise NoPort(f"there is no serial port with the serial number {serial_number}, only {listing}", "give --port")
    if not chosen:
        raise _none(board.name, listed(), emulator_counts=False)
    if len(chosen) > 1:
        raise _several([str(one) for one in chosen], chosen[0])
    return chosen[0]


def _bauds(names: Iterable[str]) -> list[int]:
    """The baud rates of some boards, the usual one first; of a board without a UART, the usual one."""
    uarts = [boards.load(name).uart for name in names]
    rates = {uart.baud if uart else wire.BAUD for uart in uarts}
    return sorted(rates or {wire.BAUD}, key=lambda rate: (rate != wire.BAUD, -rate))


def _greeted(port: str, bauds: Sequence[int], patience: float | None = None) -> Connection:
    """A board that answered HELLO at one of these rates; a socket has none."""
    if "://" in port:
        bauds = bauds[:1]
    for number, baud in enumerate(bauds, start=1):
        board = Connection(port, baud)
        try:
            board.hello((patience or client.PATIENCE_SECONDS) / len(bauds))
        except NoAnswer:
            board.close()
            if number == len(bauds):
                raise
        except BaseException:
            board.close()
            raise
        else:
            return board
    raise AssertionError("no baud rate to try")


def _of_kind(line: Connection, name: str | None) -> Connection:
    """The board, if it is of the kind that is wanted."""
    found = line.greeting().board
    if name is None or found == name:
        return line
    line.close()
    raise TinydfError(f"the board at {line.port} is a {found}, not a {name}", "give the port of the right one")


def _find(name: str | None, baud: int | None) -> tuple[Port, Connection]:
    ports = listed()
    fitting = [one for one in ports if one.boards and (name is None or name in one.boards)]
    on_usb = [one for one in fitting if one.usb]
    if on_usb:
        return _answering(on_usb, name, baud)
    if len(fitting) > 1:
        raise _several([str(one) for one in fitting], fitting[0])
    if not fitting:
        raise _none(name, ports)
    return fitting[0], _of_kind(_greeted(fitting[0].path, [baud] if baud else _bauds(fitting[0].boards)), name)


def _answering(candidates: list[Port], name: str | None, baud: int | None) -> tuple[Port, Connection]:
    """The one of these ports whose board answers, and is of the kind that is wanted."""
    answered: list[tuple[Port, Connection]] = []
    problems: list[TinydfError] = []
    patience = None if len(candidates) == 1 else QUICK_SECONDS
    for one in candidates:
        try:
            if not Path(one.path).exists():
                raise TinydfError(f"{one} has vanished", "plug the board in again")
            line = _greeted(one.path, [baud] if baud else _bauds(one.boards), patience)
            answered.append((one, _of_kind(line, name)))
        except TinydfError as error:
            problems.append(error)
    if len(answered) == 1:
        return answered[0]
    for _, line in answered:
        line.close()
    if answered:
        raise _several([f"{line.greeting().board} at {port}" for port, line in answered], answered[0][0])
    if len(problems) == 1:
        raise problems[0]
    raise TinydfError(f"no board answers: {'; '.join(error.what for error in problems)}", problems[0].hint)


def _several(found: list[str], first: Port) -> TinydfError:
    example = first.by_id or first.path
    what = f"there are {len(found)} boards: {', '.join(found)}"
    return TinydfError(what, f"choose with --port, as in --port {example}")


def _none(name: str | None, ports: list[Port], emulator_counts: bool = True) -> NoPort:
    """What was looked for, and what else is there."""
    board = boards.load(name) if name else None
    ids = ", ".join(board.usb.ids) if board and board.usb else ""
    whose = f"of {name}{f' ({ids})' if ids else ''}" if name else "of any board"
    neither = " and no emulated one that runs" if emulator_counts else ""
    others = ", ".join(f"{one.path} (USB {one.usb})" for one in ports if one.usb)
    hint = f"; if {others} is it, give it with --port" if others else ""
    start = f", or use `tinydf flash --board {name or 'nucleo-h743'} --emulator`"
    emulate = start if board is None or board.emulator else ""
    return NoPort(f"there is no serial port {whose} on USB{neither}", f"plug the board in{emulate}{hint}")

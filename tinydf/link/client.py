# SPDX-License-Identifier: Apache-2.0
"""The host's side of docs/reference/protocol.md: ask a board, wait with a limit, ask again."""

import secrets
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self, TypeVar

import serial

from tinydf.errors import TinydfError
from tinydf.link import trouble, wire
from tinydf.link.frame import Frame, Receiver, encode

SAMPLE_ATTEMPTS = 8
BITS_A_BYTE = 10  # on a line of 8N1
MARGIN_SECONDS = 0.25  # for USB, a busy host, an emulator that shares its processor
PATIENCE_SECONDS = 10.0  # until a board that does not answer is given up
HEARD_BYTES = 256  # kept of what comes instead of an answer, to say what it is
POLL_SECONDS = 0.05  # set once: pyserial configures the whole port again at each change
FIRST_INFERENCE_SECONDS = 8.0
INFERENCE_FACTOR = 4.0
INFERENCE_PATIENCE_SECONDS = 60.0  # a watchdog resets a board that hangs before this, and the run goes on

# Numbers of Armv7-M exceptions; from 256 on, causes of RISC-V traps (docs/reference/protocol.md).
EXCEPTIONS = {
    **{2: "NMI", 3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault"},
    **{256: "misaligned jump", 257: "instruction fetch fault", 258: "illegal instruction", 259: "breakpoint"},
    **{260: "misaligned load", 261: "load fault", 262: "misaligned store", 263: "store fault"},
}

RESEND = (wire.ErrorCode.INCOMPLETE, wire.ErrorCode.CHECKSUM, wire.ErrorCode.OFFSET, wire.ErrorCode.CROP)
"""What sending the sample again may mend."""

_ANSWERS = {
    wire.Message.HELLO: wire.Message.HELLO,
    wire.Message.CHUNK: wire.Message.CHUNK,
    wire.Message.INFER: wire.Message.RESULT,
    wire.Message.PROFILE: wire.Message.PROFILE,
    wire.Message.ARENA: wire.Message.HELLO,
}

_REBUILD = "build the firmware again with `tinydf build` and flash it"
_ENGINE_HINTS = {
    wire.EngineStatus.ARENA_TOO_SMALL: "find the exact figure with `tinydf arena`, or build with a larger --arena",
    wire.EngineStatus.ALLOCATION_FAILED: "it is most likely the arena: find the exact figure with `tinydf arena`, or "
    "build with a larger --arena; a library built without BUILD_TYPE=release says what it is",
    wire.EngineStatus.OPERATOR_MISSING: "export again for a new op_resolver.h, and link a library that has this "
    "operator (--tflm-library)",
    wire.EngineStatus.OPERATOR_REFUSED: "link a newer library (--tflm-library), or convert the model again",
    wire.EngineStatus.SCHEMA_VERSION: "link a library of this .tflite's schema (--tflm-library)",
    wire.EngineStatus.ASSERTION_FAILED: "reset the board; check that library and headers are of one version",
}

Payload = TypeVar("Payload", bound=wire.Layout)
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Result:
    """One image judged by the board.

    Attributes:
        sample: its index.
        output: the output tensors of its crops, int8, one after the other.
        fake: the board's verdict.
        ticks: of the board's counter, around the inferences alone, summed over the crops.
        peak_stack_bytes: the deepest stack since the board started; 0 where the port does not know.
        arena_intact: whether the engine kept within its arena.
        transfer_seconds: what the inputs took to get there, by the host's clock.
        answer_seconds: from INFER to RESULT, summed over the crops, by the host's clock.
    """

    sample: int
    output: bytes
    fake: bool
    ticks: int
    peak_stack_bytes: int
    arena_intact: bool
    transfer_seconds: float
    answer_seconds: float


class Refused(Exception):
    """The board answered ERROR; for this module's own use."""

    def __init__(self, code: int, detail: int, text: str = "") -> None:
        self.code = code
        self.detail = detail
        self.text = text
        super().__init__(code, detail, text)


class Connection:
    """A board behind a serial port, held for this process alone.

    Args:
        port: what `serial.serial_for_url` takes: /dev/ttyACM0, /dev/pts/3, socket://host:4000.
        baud: bits a second; pseudo-terminals and sockets do not care.

    Raises:
        TinydfError: if the port does not exist, is busy, or may not be opened.
    """

    def __init__(self, port: str, baud: int = wire.BAUD) -> None:
        self.port = port
        self.baud = baud
        self._seconds_a_byte = BITS_A_BYTE / baud
        self._line = _open(port, baud)
        self._receiver = Receiver()
        self._session = secrets.randbelow(2**32 - 1) + 1
        self._sequence = 0
        self._hello: wire.HelloAnswer | None = None
        self._longest_inference: float | None = None  # in seconds
        self._request: Frame | None = None  # the last one
        self._echoed = False
        self._heard = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the port back."""
        self._line.close()

    @property
    def dropped_frames(self) -> int:
        """Damaged frames that arrived from the board."""
        return self._receiver.dropped

    def hello(self, patience: float | None = None) -> wire.HelloAnswer:
        """Ask the board who it is.

        Args:
            patience: for how many seconds; PATIENCE_SECONDS by default.

        Raises:
            trouble.NoAnswer: if nothing that speaks this protocol answers.
            TinydfError: if the port goes away, or the board did not come up as it should.
        """
        try:
            payload = self._ask(wire.Message.HELLO, b"", patience=patience)
        except Refused as refusal:
            raise self._give_up(refusal) from None
        hello, _ = self._unpack(wire.HelloAnswer, payload)
        if hello.boot != wire.Boot.OK:
            raise TinydfError(
                f"the board at {self.port} did not start: {_meaning(wire.Boot, hello.boot)}",
                "check its power and clock, and the clock in its TOML",
            )
        if hello.engine_status != wire.EngineStatus.OK:
            raise self._engine_error(hello.engine_status, hello.engine_message, hello)
        if self._hello is not None and _identity(hello) != _identity(self._hello):
            raise TinydfError(
                f"the board at {self.port} is not the one it was, or has another firmware now", "start the run again"
            )
        self._hello = hello
        return hello

    def arena(self, size: int) -> wire.HelloAnswer:
        """Start the engine again in the first `size` bytes of its arena; the answer tells whether it did.

        Raises:
            TinydfError: if the board does not answer, stops on a fault, or has a smaller arena.
        """
        try:
            self._ask(wire.Message.HELLO, b"")  # opens the session, even if the engine did not start
            payload = self._ask_to_run(wire.Message.ARENA, wire.Arena(size).pack())
        except Refused as refusal:
            raise self._give_up(refusal) from None
        return self._unpack(wire.HelloAnswer, payload)[0]

    def infer(self, sample: int, *crops: bytes) -> Result:
        """Run the model on the crops of one image, which the board judges by all of them.

        Args:
            sample: its index, which makes asking again harmless.
            crops: the input tensor for each crop, int8; at least one.

        Raises:
            TinydfError: if the board does not answer, stops on a fault, or refuses.
            ValueError: if an input has the wrong size, or there is none.
        """
        if not crops:
            raise ValueError("a sample without crops")
        for _ in range(SAMPLE_ATTEMPTS):
            try:
                return _judged([self._infer_crop(sample, number, data) for number, data in enumerate(crops)])
            except Refused as refusal:
                self._recover(refusal)
        raise TinydfError(
            f"the board at {self.port} did not take sample {sample} in {SAMPLE_ATTEMPTS} attempts",
            "check the cable, and that nothing else uses the port",
        )

    def profile(self) -> list[int]:
        """Run the model on what its input tensor holds, and give each layer's ticks; empty if the engine cannot.

        Raises:
            TinydfError: if the board does not answer, stops on a fault, or refuses.
        """
        self.greeting()
        run = secrets.randbits(32)
        ticks: list[int] = []
        while True:
            try:
                request = wire.Profile(run, len(ticks)).pack()
                payload = self._ask_to_run(wire.Message.PROFILE, request)
            except Refused as refusal:
                raise self._give_up(refusal) from None
            answer, page = self._unpack(wire.ProfileAnswer, payload)
            ticks += struct.unpack(f"<{len(page) // 4}I", page[: len(page) // 4 * 4])
            if len(ticks) >= answer.layer_count or not page:
                return ticks

    def greeting(self) -> wire.HelloAnswer:
        """The answer to the last HELLO, which is asked for if there is none yet."""
        return self._hello or self.hello()

    def _ask_to_run(self, kind: wire.Message, payload: bytes) -> bytes:
        """Like `_ask`, for a request that runs the model."""
        longest = self._longest_inference
        seconds = FIRST_INFERENCE_SECONDS if longest is None else MARGIN_SECONDS + INFERENCE_FACTOR * longest
        return self._ask(kind, payload, seconds, INFERENCE_PATIENCE_SECONDS)

    def _infer_crop(self, sample: int, crop: int, data: bytes) -> Result:
        hello = self.greeting()
        if len(data) != hello.input.bytes:
            raise ValueError(f"an input of {len(data)} bytes; the model wants {hello.input.bytes}")
        begin = time.monotonic()
        self._send_input(sample, data, hello)
        sent = time.monotonic()
        request = wire.Infer(sample, crop, zlib.crc32(data)).pack()
        payload = self._ask_to_run(wire.Message.INFER, request)
        answered = time.monotonic()
        self._longest_inference = max(self._longest_inference or 0.0, answered - sent)
        head, output = self._unpack(wire.ResultHead, payload)
        if (head.sample, head.crop) != (sample, crop) or len(output) != hello.output.bytes:
            raise TinydfError(f"the board at {self.port} gave a result that does not fit", "flash it again")
        return Result(
            sample=sample,
            output=output,
            fake=bool(head.fake),
            ticks=head.ticks,
            peak_stack_bytes=head.peak_stack_bytes,
            arena_intact=bool(head.arena_intact),
            transfer_seconds=sent - begin,
            answer_seconds=answered - sent,
        )

    def _send_input(self, sample: int, data: bytes, hello: wire.HelloAnswer) -> None:
        size = _chunk_bytes(hello)
        offset = 0
        while offset < len(data):
            part = data[offset : offset + size]
            try:
                payload = self._ask(wire.Message.CHUNK, wire.Chunk(sample, offset).pack() + part)
            except Refused as refusal:
                # The board holds less than we thought (it began the sample again): continue where it wants.
                if refusal.code != wire.ErrorCode.OFFSET or refusal.detail >= offset:
                    raise
                offset = refusal.detail
                continue
            offset += len(part)
            self._unpack(wire.ChunkAnswer, payload)

    def _recover(self, refusal: Refused) -> None:
        """After this, the sample may be sent again.

        Raises:
            TinydfError: if sending it again would not help.
        """
        if refusal.code == wire.ErrorCode.SESSION:
            self.hello()  # the board was reset
        elif refusal.code not in RESEND:
            raise self._give_up(refusal)

    def _engine_error(self, status: int, message: str, hello: wire.HelloAnswer | None = None) -> TinydfError:
        what = [f"the engine on the board at {self.port}: {_meaning(wire.EngineStatus, status)}"]
        if hello is not None and status == wire.EngineStatus.ARENA_TOO_SMALL:
            what.append(f"it has {hello.arena_bytes} bytes" + _at_least(hello.arena_used))
        if message:
            what.append(f"it says: {message}")
        known = {int(one): hint for one, hint in _ENGINE_HINTS.items()}
        return TinydfError("; ".join(what), known.get(status, _REBUILD))

    def _give_up(self, refusal: Refused) -> TinydfError:
        if refusal.code == wire.ErrorCode.ENGINE:
            return self._engine_error(refusal.detail, refusal.text)
        meaning = _meaning(wire.ErrorCode, refusal.code)
        return TinydfError(
            f"the board at {self.port} refused: {meaning} ({refusal.detail})", "build and flash the firmware again"
        )

    def _unpack(self, layout: type[Payload], payload: bytes) -> tuple[Payload, bytes]:
        try:
            return layout.unpack(payload)
        except ValueError as error:
            raise TinydfError(
                f"the board at {self.port} gave an answer that does not fit ({error})", "flash it again"
            ) from None

    def _ask(
        self, kind: wire.Message, payload: bytes, seconds: float | None = None, patience: float | None = None
    ) -> bytes:
        """Send a request until it is answered; gives the answer's payload.

        Args:
            kind: of the request.
            payload: of the request.
            seconds: how long the board may take, the line apart, at the first attempt; doubled at each further one.
            patience: after so many seconds in all, give up.

        Raises:
            Refused: if the board answered ERROR.
            TinydfError: if there was no answer, or the board stopped on a fault.
        """
        self._sequence += 1
        self._request, self._heard, self._echoed = Frame(kind, self._session, self._sequence, payload), b"", False
        request = encode(self._request)
        wait = (seconds or MARGIN_SECONDS) + 2 * (len(request) + wire.ENCODED_BYTES) * self._seconds_a_byte
        end = time.monotonic() + (patience or PATIENCE_SECONDS)
        while (left := end - time.monotonic()) > 0:
            self._guarded(lambda: self._line.write(request))
            reply = self._wait(_ANSWERS[kind], min(wait, left))
            if reply is not None:
                return reply
            wait *= 2
        if kind == wire.Message.HELLO:
            raise trouble.no_answer(self.port, self.baud, self._heard, self._echoed)
        raise trouble.silent(self.port, kind)

    def _wait(self, answer: wire.Message, seconds: float) -> bytes | None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            data = self._guarded(lambda: self._line.read(max(1, self._line.in_waiting)))
            self._heard = (self._heard + data)[:HEARD_BYTES]
            for frame in self._receiver.push(data):
                payload = self._sort(frame, answer)
                if payload is not None:
                    return payload
        return None

    def _sort(self, frame: Frame, answer: wire.Message) -> bytes | None:
        """The payload if this frame is the answer; None if it is none of ours."""
        if frame == self._request:  # no answer equals its request
            self._echoed = True
            return None
        if frame.type == wire.Message.ERROR and len(frame.payload) >= wire.ErrorHead.size():
            head, rest = wire.ErrorHead.unpack(frame.payload)
            if head.code == wire.ErrorCode.FAULT and frame.session in (0, self._session):  # 0: while it started
                raise self._fault(head.detail, rest)
            if head.code == wire.ErrorCode.VERSION:
                raise TinydfError(
                    f"the firmware at {self.port} speaks version {head.detail} of the link, this host {wire.VERSION}",
                    "build and flash it again with this tinydf",
                )
            if (frame.session, frame.sequence) == (self._session, self._sequence):
                raise Refused(head.code, head.detail, rest.decode("ascii", "replace"))
        ours = (frame.type, frame.session, frame.sequence) == (answer, self._session, self._sequence)
        return frame.payload if ours else None

    def _fault(self, exception: int, record: bytes) -> TinydfError:
        fault, _ = self._unpack(wire.Fault, record)
        name = EXCEPTIONS.get(exception, f"exception {exception}")
        return TinydfError(
            f"the board at {self.port} stopped on a {name} at PC {fault.program_counter:#010x}, called from "
            f"{fault.link_register:#010x} (status {fault.status:#010x}, address {fault.address:#010x}, "
            f"SP {fault.stack_pointer:#010x})",
            "find the place with addr2line, for example `arm-none-eabi-addr2line -e firmware.elf PC`; the watchdog "
            "resets the board",
        )

    def _guarded(self, action: Callable[[], Outcome]) -> Outcome:
        try:
            return action()
        except (serial.SerialException, OSError) as error:
            raise TinydfError(f"{self.port} went away ({error})", "plug the board in and run again") from None


def _at_least(needed: int) -> str:
    return f" and needs at least {needed}" if needed else ""


def _judged(crops: list[Result]) -> Result:
    """The results of an image's crops as one; the verdict is the last one's, which is by all of them."""
    return replace(
        crops[-1],
        output=b"".join(one.output for one in crops),
        ticks=sum(one.ticks for one in crops),
        peak_stack_bytes=max(one.peak_stack_bytes for one in crops),
        arena_intact=all(one.arena_intact for one in crops),
        transfer_seconds=sum(one.transfer_seconds for one in crops),
        answer_seconds=sum(one.answer_seconds for one in crops),
    )


def _open(port: str, baud: int) -> serial.Serial:
    try:
        line = serial.serial_for_url(port, baudrate=baud, timeout=POLL_SECONDS, write_timeout=5, do_not_open=True)
        if "://" not in port:
            line.exclusive = True
        line.open()
        line.reset_input_buffer()
    except (serial.SerialException, OSError, ValueError, _terminal_error()) as error:
        raise trouble.cannot_open(port, error) from None
    return line


def _terminal_error() -> type[Exception]:
    """What a terminal's settings fail with, which is no OSError; pyserial uses termios where there is one."""
    try:
        import termios
    except ImportError:
        return OSError
    return termios.error


def _meaning(registry: type[wire.Registered], value: int) -> str:
    known = {member.value: member.meaning.split(";")[0].rstrip(".") for member in registry}
    return known.get(value, f"code {value}")


def _identity(hello: wire.HelloAnswer) -> tuple[bytes, bytes, str]:
    return hello.unique_id, hello.model_sha256, hello.build_id


def _chunk_bytes(hello: wire.HelloAnswer) -> int:
    """The most input bytes in a chunk, so that its frame fits the board's buffer and credit window."""
    overhead = wire.HEADER_BYTES + wire.CRC_BYTES + wire.Chunk.size()
    window = hello.credit_window - 2  # delimiters
    within_window = window - (window + 254) // 255 - overhead
    return max(1, min(hello.buffer_bytes - wire.Chunk.size(), within_window))

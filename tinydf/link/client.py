# SPDX-License-Identifier: Apache-2.0
"""The host's side of docs/reference/protocol.md: ask a board, wait with a limit, ask again."""

import secrets
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import isfinite, prod
from types import TracebackType
from typing import Self, TypeVar

import serial

from tinydf.errors import TinydfError
from tinydf.link import trouble, wire
from tinydf.link.frame import Frame, Receiver, encode
from tinydf.link.pace import LONGEST_WAIT_SECONDS, ChunkSize, RoundTrip

SAMPLE_ATTEMPTS = 8
BITS_A_BYTE = 10  # on a line of 8N1
PATIENCE_SECONDS = 10.0  # until a board that does not answer is given up
HEARD_BYTES = 256  # kept of what comes instead of an answer, to say what it is
POLL_SECONDS = 0.01  # set once: pyserial configures the whole port again at each change
FIRST_INFERENCE_SECONDS = 8.0
INFERENCE_FACTOR = 4.0
INFERENCE_PATIENCE_SECONDS = 60.0  # a watchdog resets a board that hangs before this, and the run goes on
RESETS = 3  # in a row, without a result between them, until a board is given up

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

_ANSWER_BYTES = {wire.Message.CHUNK: wire.HEADER_BYTES + wire.ChunkAnswer.size() + wire.CRC_BYTES + 3}
"""Of answers on the line that are shorter than a frame can be; 3 are delimiters and COBS."""

CHUNK_OVERHEAD = 2 * (wire.HEADER_BYTES + wire.CRC_BYTES + 3) + wire.Chunk.size() + wire.ChunkAnswer.size()
"""Bytes of a chunk's frame and of its answer's, the image's own apart; 3 are delimiters and COBS."""

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


@dataclass
class Repairs:
    """What went wrong on a line and was mended.

    Attributes:
        repeated: requests that were sent again because no answer came.
        refused: samples or chunks that the board wanted again.
        damaged: frames from the board that arrived damaged.
        damaged_at_board: frames that arrived damaged at the board between the first HELLO and the last.
        resets: how often the board started again, by cause.
    """

    repeated: int = 0
    refused: int = 0
    damaged: int = 0
    damaged_at_board: int = 0
    resets: dict[str, int] = field(default_factory=dict)


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


@dataclass(frozen=True)
class Answered:
    """An answer: its payload, how often it was asked for, and the seconds since the last time, the line's own apart."""

    payload: bytes
    attempts: int
    seconds: float


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
        self._round_trip = RoundTrip()
        self._chunk = ChunkSize(wire.MAX_PAYLOAD, 0)
        self._repairs = Repairs()
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

    @property
    def repairs(self) -> Repairs:
        """What went wrong since the port was opened, and was mended."""
        return replace(self._repairs, damaged=self.dropped_frames, resets=dict(self._repairs.resets))

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
        if problem := _problem(hello):
            raise TinydfError(f"the board at {self.port} says HELLO with {problem}", "flash it again")
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
        if self._hello is None:
            self._chunk = ChunkSize(_chunk_bytes(hello), CHUNK_OVERHEAD)
        else:
            before = self._hello.dropped_frames
            if hello.dropped_frames < before:  # the board counts from its start, and was reset
                before = 0
            self._repairs.damaged_at_board += hello.dropped_frames - before
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
        resets = 0
        for _ in range(SAMPLE_ATTEMPTS):
            try:
                return _judged([self._infer_crop(sample, number, data) for number, data in enumerate(crops)])
            except Refused as refusal:
                resets += refusal.code == wire.ErrorCode.SESSION
                self._recover(refusal)
                if resets >= RESETS:
                    raise self._keeps_resetting(sample) from None
        raise TinydfError(
            f"the board at {self.port} did not take sample {sample} in {SAMPLE_ATTEMPTS} attempts",
            "check the cable, and that nothing else uses the port",
        )

    def _keeps_resetting(self, sample: int) -> TinydfError:
        causes = ", ".join(f"{count} by {cause}" for cause, count in self._repairs.resets.items())
        return TinydfError(
            f"the board at {self.port} starts again each time that it is to judge sample {sample} (resets: {causes})",
            "check its power supply; with resets by the watchdog, profile the model in the emulator",
        )

    def profile(self) -> list[int]:
        """Run the model on what its input tensor holds, and give each layer's ticks; empty if the engine cannot.

        Raises:
            TinydfError: if the board does not answer, stops on a fault, or refuses.
        """
        for _ in range(RESETS):
            try:
                return self._profile()
            except Refused as refusal:
                if refusal.code != wire.ErrorCode.SESSION:
                    raise self._give_up(refusal) from None
                self._recover(refusal)  # it was reset since the last image
        raise self._give_up(Refused(wire.ErrorCode.SESSION, 0))

    def _profile(self) -> list[int]:
        hello, run, ticks = self.greeting(), secrets.randbits(32), list[int]()
        while True:
            payload = self._ask_to_run(wire.Message.PROFILE, wire.Profile(run, len(ticks)).pack())
            answer, page = self._unpack(wire.ProfileAnswer, payload)
            fits = (answer.run, answer.first_layer, answer.layer_count) == (run, len(ticks), hello.layer_count)
            left = 4 * (hello.layer_count - len(ticks))
            if not fits or len(page) % 4 or len(page) > left or (left and not page):
                raise TinydfError(f"the board at {self.port} gave a profile that does not fit", "flash it again")
            ticks += struct.unpack(f"<{len(page) // 4}I", page)
            if len(ticks) == hello.layer_count:
                return ticks

    def greeting(self) -> wire.HelloAnswer:
        """The answer to the last HELLO, which is asked for if there is none yet."""
        return self._hello or self.hello()

    def _ask_to_run(self, kind: wire.Message, payload: bytes) -> bytes:
        """Like `_ask`, for a request that runs the model."""
        longest = self._longest_inference
        seconds = FIRST_INFERENCE_SECONDS if longest is None else self._round_trip.wait + INFERENCE_FACTOR * longest
        answer = self._ask_timed(kind, payload, seconds, INFERENCE_PATIENCE_SECONDS)
        if kind == wire.Message.INFER:
            self._longest_inference = max(longest or 0.0, answer.seconds)
        return answer.payload

    def _infer_crop(self, sample: int, crop: int, data: bytes) -> Result:
        hello = self.greeting()
        if len(data) != hello.input.bytes:
            raise ValueError(f"an input of {len(data)} bytes; the model wants {hello.input.bytes}")
        begin = time.monotonic()
        self._send_input(sample, data)
        sent = time.monotonic()
        request = wire.Infer(sample, crop, zlib.crc32(data)).pack()
        payload = self._ask_to_run(wire.Message.INFER, request)
        answered = time.monotonic()
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

    def _send_input(self, sample: int, data: bytes) -> None:
        """Bring a crop to the board, in chunks of the size that suits the line.

        Raises:
            Refused: if the board has lost the sample, or wants another offset again and again.
        """
        offset, again = 0, 0
        while offset < len(data):
            part = data[offset : offset + self._chunk.bytes]
            repeated = self._repairs.repeated
            try:
                payload = self._ask(wire.Message.CHUNK, wire.Chunk(sample, offset).pack() + part)
            except Refused as refusal:
                # The board holds less than we thought (it began the sample again): continue where it wants.
                again += 1
                if refusal.code != wire.ErrorCode.OFFSET or refusal.detail >= offset or again > SAMPLE_ATTEMPTS:
                    raise
                self._repairs.refused += 1
                offset = refusal.detail
                continue
            lost = self._repairs.repeated - repeated
            for number in range(lost + 1):
                self._chunk.sent(len(part), damaged=number < lost)
            offset += len(part)
            self._unpack(wire.ChunkAnswer, payload)

    def _recover(self, refusal: Refused) -> None:
        """After this, the sample may be sent again.

        Raises:
            TinydfError: if sending it again would not help.
        """
        self._repairs.refused += 1
        if refusal.code == wire.ErrorCode.SESSION:
            cause = _meaning(wire.ResetCause, self.hello().reset_cause).split(":")[0]
            self._repairs.resets[cause] = self._repairs.resets.get(cause, 0) + 1
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

    def _ask(self, kind: wire.Message, payload: bytes, patience: float | None = None) -> bytes:
        """Send a request that the board answers at once, until it does; gives the answer's payload.

        Args:
            kind: of the request.
            payload: of the request.
            patience: after so many seconds in all, give up.

        Raises:
            Refused: if the board answered ERROR.
            TinydfError: if there was no answer, or the board stopped on a fault.
        """
        answer = self._ask_timed(kind, payload, self._round_trip.wait, patience or PATIENCE_SECONDS)
        if answer.attempts == 1:
            self._round_trip.answered(answer.seconds)
        return answer.payload

    def _ask_timed(self, kind: wire.Message, payload: bytes, wait: float, patience: float) -> Answered:
        """Send a request until it is answered.

        Args:
            kind: of the request.
            payload: of the request.
            wait: seconds until it is sent again, the line apart; doubled each time, up to a limit.
            patience: after so many seconds in all, give up.

        Raises:
            Refused: if the board answered ERROR.
            TinydfError: if there was no answer, or the board stopped on a fault.
        """
        self._sequence += 1
        self._request, self._heard, self._echoed = Frame(kind, self._session, self._sequence, payload), b"", False
        request = encode(self._request)
        line = (len(request) + _ANSWER_BYTES.get(kind, wire.ENCODED_BYTES)) * self._seconds_a_byte
        longest, begin = max(wait, LONGEST_WAIT_SECONDS), time.monotonic()
        attempts = 0
        while (left := begin + patience - time.monotonic()) > 0:
            attempts += 1
            sent = time.monotonic()
            self._guarded(lambda: self._line.write(request))
            reply = self._wait(_ANSWERS[kind], min(wait + line, left))
            if reply is not None:
                return Answered(reply, attempts, max(0.0, time.monotonic() - sent - line))
            wait = min(2 * wait, longest)
            self._repairs.repeated += 1
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
        if frame.session == self._session and frame.sequence < self._sequence:
            self._round_trip.late()  # answered twice: it was asked for again too early
            self._chunk.late()
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


def _problem(hello: wire.HelloAnswer) -> str:
    """What no firmware of ours says in HELLO; empty if all is well."""
    least = wire.Chunk.size() + 1
    if not least <= hello.buffer_bytes <= wire.MAX_PAYLOAD:
        return f"a buffer of {hello.buffer_bytes} bytes"
    if _chunk_bytes(hello) < 1:
        return f"a credit window of {hello.credit_window} bytes"
    if hello.layer_count > wire.MAX_LAYERS:
        return f"{hello.layer_count} layers"
    for name, tensor in (("input", hello.input), ("output", hello.output)):
        if tensor.rank > wire.MAX_RANK or not isfinite(tensor.scale):
            return f"an {name} that does not fit"
        if hello.engine_status == wire.EngineStatus.OK and not 0 < tensor.bytes == prod(tensor.shape[: tensor.rank]):
            return f"an {name} of {tensor.bytes} bytes, shape {list(tensor.shape[: tensor.rank])}"
    return ""


def _chunk_bytes(hello: wire.HelloAnswer) -> int:
    """The most input bytes in a chunk, so that its frame fits the board's buffer and credit window."""
    overhead = wire.HEADER_BYTES + wire.CRC_BYTES + wire.Chunk.size()
    window = hello.credit_window - 2  # delimiters
    within_window = window - (window + 254) // 255 - overhead
    return min(hello.buffer_bytes - wire.Chunk.size(), within_window)

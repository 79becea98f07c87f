"""The wire registry: every message type, error code, limit and layout of docs/reference/protocol.md, once.

`python -m tinydf.link.wire` prints firmware/link/wire.h, which is generated from this and committed.
"""

import dataclasses
import struct
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, ClassVar, Self, get_args, get_type_hints

VERSION = 3
MAX_PAYLOAD = 1024
MAX_RANK = 4
MAX_LAYERS = 512
BAUD = 921600


class Registered(IntEnum):
    """A number on the wire, with its meaning."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """Make a member of a number and a text."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class Message(Registered):
    """The type of a frame."""

    HELLO = 1, "who are you? Opens a session."
    CHUNK = 2, "a part of the input."
    INFER = 3, "run the model."
    RESULT = 4, "the answer to INFER."
    PROFILE = 5, "run the model and time each layer."
    ERROR = 6, "the request cannot be served."
    ARENA = 7, "start the engine again in a smaller arena."


class ErrorCode(Registered):
    """Why a request was not served, and what `detail` then holds."""

    VERSION = 1, "another protocol version; detail: the board's."
    SESSION = 2, "that session is not open (the board was reset, or another host came); detail: 0."
    TYPE = 3, "not a request; detail: the type."
    LENGTH = 4, "the payload has the wrong size for its type; detail: its size."
    OFFSET = 5, "a chunk leaves a gap; detail: the offset wanted."
    RANGE = 6, "past the end of the input or of the arena; detail: its size."
    INCOMPLETE = 7, "not all of that sample's input is there; detail: the bytes held."
    CHECKSUM = 8, "the input has another CRC-32; detail: the board's."
    ENGINE = 9, "the engine failed; detail: a wire_engine_status. What the engine said follows as text."
    BOOT = 10, "the board did not come up as it should; detail: the boot code."
    LAYERS = 11, "more layers than can be profiled; detail: how many can."
    FAULT = 12, "the processor stopped; detail: the exception's number. A fault record follows."
    CROP = 13, "a crop out of turn; detail: the crop wanted."


class Boot(Registered):
    """How the board came up: the first step that failed."""

    OK = 0, "all is well."
    SUPPLY = 1, "the voltage regulator did not become ready."
    VOLTAGE_SCALE = 2, "the core voltage for the clock wanted was not reached."
    REVISION = 3, "this revision of the chip is not made for the clock wanted."
    OSCILLATOR = 4, "the external clock did not start."
    PLL = 5, "the PLL did not lock."
    FLASH = 6, "the flash did not take its wait states."
    CLOCK_SWITCH = 7, "the system clock did not switch to the PLL."
    UART = 8, "the UART did not become ready."
    WATCHDOG = 9, "the watchdog did not take its period."


class EngineStatus(Registered):
    """What the engine answered; the numbers of engine.h's engine_status."""

    OK = 0, "all is well."
    ARENA_TOO_SMALL = 1, "the arena is too small for this model."
    ARENA_UNALIGNED = 2, "the arena is not aligned."
    NOT_INITIALISED = 3, "the engine has not started."
    MODEL_INVALID = 4, "the model was refused."
    INVOKE_FAILED = 5, "an operator failed at inference."
    OPERATOR_MISSING = 6, "the library or the op resolver has no such operator."
    OPERATOR_REFUSED = 7, "the library's kernel does not take this operator's types, shapes, options or version."
    SCHEMA_VERSION = 8, "the library reads another version of the .tflite."
    ALLOCATION_FAILED = 9, "the tensors could not be allocated; the library does not say why."
    ASSERTION_FAILED = 10, "the library stopped on an assertion."


class ResetCause(Registered):
    """Why the board started."""

    UNKNOWN = 0, "not known, or not a board that is reset."
    POWER = 1, "power came on."
    PIN = 2, "the reset pin (the button, or the flasher)."
    WATCHDOG = 3, "the watchdog: the firmware had stopped."
    SOFTWARE = 4, "the firmware or a debugger asked for it."
    BROWN_OUT = 5, "the supply sank."
    LOW_POWER = 6, "a forbidden entry to a low-power mode."
    FAULT = 7, "the processor had stopped on a fault."


class CounterUnit(Registered):
    """What one tick of the board's counter is."""

    CYCLES = 1, "cycles of the core's clock."
    EMULATED_INSTRUCTIONS = 2, "instructions run by an emulator: no measure of time."
    NANOSECONDS = 3, "nanoseconds of the host's monotonic clock."


@dataclass(frozen=True)
class Scalar:
    """One number: its code in `struct` and its type in C."""

    code: str
    c_type: str

    def declare(self, name: str) -> str:
        """The C declaration of a member of this kind."""
        return f"{self.c_type} {name};"


@dataclass(frozen=True)
class Array:
    """`count` numbers of one kind: a tuple in Python."""

    element: Scalar
    count: int

    @property
    def code(self) -> str:
        """The code in `struct`."""
        return f"{self.count}{self.element.code}"

    def declare(self, name: str) -> str:
        """The C declaration of a member of this kind."""
        return f"{self.element.c_type} {name}[{self.count}];"


@dataclass(frozen=True)
class Octets:
    """`count` raw bytes."""

    count: int

    @property
    def code(self) -> str:
        """The code in `struct`."""
        return f"{self.count}s"

    def declare(self, name: str) -> str:
        """The C declaration of a member of this kind."""
        return f"uint8_t {name}[{self.count}];"


@dataclass(frozen=True)
class Text:
    """ASCII text, padded with NUL to `count` bytes, at least one NUL."""

    count: int

    @property
    def code(self) -> str:
        """The code in `struct`."""
        return f"{self.count}s"

    def declare(self, name: str) -> str:
        """The C declaration of a member of this kind."""
        return f"char {name}[{self.count}];"


Kind = Scalar | Array | Octets | Text

U8 = Scalar("B", "uint8_t")
U16 = Scalar("H", "uint16_t")
U32 = Scalar("I", "uint32_t")
I8 = Scalar("b", "int8_t")
I16 = Scalar("h", "int16_t")
F32 = Scalar("f", "float")


@dataclass(frozen=True)
class Member:
    """One member of a layout, which may be a layout itself."""

    name: str
    kind: "Kind | type[Layout]"
    meaning: str

    @property
    def size(self) -> int:
        """Size on the wire in bytes."""
        return self.kind.size() if isinstance(self.kind, type) else struct.calcsize("<" + self.kind.code)

    @property
    def declaration(self) -> str:
        """The member in C."""
        return f"{self.kind.c_name} {self.name};" if isinstance(self.kind, type) else self.kind.declare(self.name)


class Layout:
    """Base of the payloads: a frozen dataclass whose annotations say how each member stands on the wire.

    `Annotated[int, U32, "meaning"]` is a member; `Annotated[Inner, "meaning"]` nests another layout. Nothing is padded;
    all is little-endian.
    """

    c_name: ClassVar[str]

    @classmethod
    def members(cls) -> Iterator[Member]:
        """The members in wire order."""
        hints = get_type_hints(cls, include_extras=True)
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # every subclass is a dataclass
            base, *notes = get_args(hints[field.name])
            if isinstance(base, type) and issubclass(base, Layout):
                yield Member(field.name, base, notes[0])
            else:
                yield Member(field.name, notes[0], notes[1])

    @classmethod
    def size(cls) -> int:
        """Size on the wire in bytes."""
        return sum(member.size for member in cls.members())

    def pack(self) -> bytes:
        """The bytes on the wire.

        Raises:
            struct.error: if a number does not fit its member.
        """
        return b"".join(_pack_member(member, getattr(self, member.name)) for member in self.members())

    @classmethod
    def unpack(cls, payload: bytes) -> tuple[Self, bytes]:
        """Read the layout from the start of `payload`; also gives the bytes after it.

        Raises:
            ValueError: if the payload is too short, or holds text that is not printable ASCII.
        """
        if len(payload) < cls.size():
            raise ValueError(f"{cls.__name__} wants {cls.size()} bytes, got {len(payload)}")
        values: list[Any] = []
        for member in cls.members():
            value, payload = _unpack_member(member, payload)
            values.append(value)
        return cls(*values), payload


def _pack_member(member: Member, value: Any) -> bytes:
    if isinstance(member.kind, type):
        packed: bytes = value.pack()
        return packed
    if isinstance(member.kind, Text):
        value = value.encode("ascii")
        if len(value) >= member.kind.count:
            raise ValueError(f"{member.name} is longer than {member.kind.count - 1} bytes")
    values = value if isinstance(member.kind, Array) else (value,)
    return struct.pack("<" + member.kind.code, *values)


def _unpack_member(member: Member, payload: bytes) -> tuple[Any, bytes]:
    if isinstance(member.kind, type):
        return member.kind.unpack(payload)
    code = "<" + member.kind.code
    values = struct.unpack_from(code, payload)
    rest = payload[struct.calcsize(code) :]
    if isinstance(member.kind, Text):
        text = values[0].split(b"\0", 1)[0].decode("ascii")
        if not text.isprintable():
            raise ValueError(f"{member.name} holds control characters")
        return text, rest
    return (values if isinstance(member.kind, Array) else values[0]), rest


@dataclass(frozen=True)
class Header(Layout):
    """What stands before every payload."""

    c_name = "wire_header"
    version: Annotated[int, U8, "of the protocol"]
    type: Annotated[int, U8, "a wire_message"]
    session: Annotated[int, U32, "drawn by the host; 0 is none"]
    sequence: Annotated[int, U32, "of the request, repeated in its answer"]
    length: Annotated[int, U16, "bytes of payload"]


@dataclass(frozen=True)
class Tensor(Layout):
    """An int8 tensor: real = (value - zero_point) * scale."""

    c_name = "wire_tensor"
    rank: Annotated[int, U8, "how many of the dimensions count"]
    shape: Annotated[tuple[int, ...], Array(U16, MAX_RANK), "NHWC, the batch of 1 included"]
    scale: Annotated[float, F32, "real units a step"]
    zero_point: Annotated[int, I8, "the value that stands for 0"]
    bytes: Annotated[int, U32, "size"]


@dataclass(frozen=True)
class HelloAnswer(Layout):
    """Who the board is."""

    c_name = "wire_hello"
    board: Annotated[str, Text(32), "name of the board's TOML file"]
    unique_id: Annotated[bytes, Octets(12), "of the chip"]
    build_id: Annotated[str, Text(65), "hash of what the firmware was built from, hexadecimal"]
    engine: Annotated[str, Text(8), "aot or tflm"]
    model_sha256: Annotated[bytes, Octets(32), "of the .tflite"]
    input: Annotated[Tensor, "the model's input"]
    output: Annotated[Tensor, "the model's output"]
    threshold_steps: Annotated[int, I16, "fake if output[1] - output[0] is greater, mean over an image's crops"]
    layer_count: Annotated[int, U16, "layers that PROFILE times"]
    clock_hz: Annotated[int, U32, "of the core, as it runs now"]
    counter_unit: Annotated[int, U8, "a wire_counter_unit"]
    reset_cause: Annotated[int, U8, "a wire_reset_cause"]
    boot: Annotated[int, U8, "a wire_boot: 0, or what failed"]
    engine_status: Annotated[int, U8, "a wire_engine_status, of engine_init: 0, or why it refused"]
    buffer_bytes: Annotated[int, U16, "the largest payload the board takes"]
    credit_window: Annotated[int, U16, "bytes that may be on their way to the board, delimiters included"]
    arena_bytes: Annotated[int, U32, "what the engine was given"]
    stack_bytes: Annotated[int, U32, "what the stack may use; 0 is not known"]
    dropped_frames: Annotated[int, U32, "damaged frames since start"]
    arena_used: Annotated[int, U32, "what the engine took, or would need if it is too small; 0 is not known"]
    library: Annotated[str, Text(64), "what the engine is linked with: core, kernels, build; empty for aot"]
    library_sha256: Annotated[bytes, Octets(32), "of the library; zeros for aot"]
    engine_message: Annotated[str, Text(192), "what the engine said of its failure"]


@dataclass(frozen=True)
class Chunk(Layout):
    """A part of the input; its bytes follow."""

    c_name = "wire_chunk"
    sample: Annotated[int, U32, "index of the sample"]
    offset: Annotated[int, U32, "of the first byte in the input"]


@dataclass(frozen=True)
class ChunkAnswer(Layout):
    """How much of the input the board holds."""

    c_name = "wire_chunk_answer"
    sample: Annotated[int, U32, "index of the sample"]
    received: Annotated[int, U32, "bytes held, from the first on"]


@dataclass(frozen=True)
class Infer(Layout):
    """Run the model on a crop of a sample, whose input was sent."""

    c_name = "wire_infer"
    sample: Annotated[int, U32, "index of the sample"]
    crop: Annotated[int, U16, "of the sample; 0 is the first"]
    input_crc32: Annotated[int, U32, "of the whole input"]


@dataclass(frozen=True)
class ResultHead(Layout):
    """What one inference gave; the output's bytes follow."""

    c_name = "wire_result"
    sample: Annotated[int, U32, "index of the sample"]
    crop: Annotated[int, U16, "of the sample"]
    ticks: Annotated[int, U32, "of the inference alone, wrapping"]
    peak_stack_bytes: Annotated[int, U32, "deepest since start; 0 is not known"]
    fake: Annotated[int, U8, "the verdict on the sample by its crops so far: 1 is fake, 0 is real"]
    arena_intact: Annotated[int, U8, "1 if the guard words around the arena are whole"]


@dataclass(frozen=True)
class Profile(Layout):
    """Time each layer, or give more of a profile that was run."""

    c_name = "wire_profile"
    run: Annotated[int, U32, "another number than the last runs the model"]
    first_layer: Annotated[int, U16, "where the page begins"]


@dataclass(frozen=True)
class ProfileAnswer(Layout):
    """One page of a profile; the ticks of its layers follow as u32."""

    c_name = "wire_profile_answer"
    run: Annotated[int, U32, "as asked"]
    first_layer: Annotated[int, U16, "where this page begins"]
    layer_count: Annotated[int, U16, "layers in all"]


@dataclass(frozen=True)
class Arena(Layout):
    """Start the engine again with fewer bytes of its arena; answered by HELLO."""

    c_name = "wire_arena"
    bytes: Annotated[int, U32, "of the arena, from its start"]


@dataclass(frozen=True)
class ErrorHead(Layout):
    """Why a request was not served."""

    c_name = "wire_error"
    code: Annotated[int, U8, "a wire_error_code"]
    detail: Annotated[int, U32, "by code"]


@dataclass(frozen=True)
class Fault(Layout):
    """Where the processor stopped (Armv7-M Architecture Reference Manual, B1.5 and B3.2)."""

    c_name = "wire_fault"
    program_counter: Annotated[int, U32, "of the instruction; 0 if the stack could not be read"]
    link_register: Annotated[int, U32, "where its function was called; 0 likewise"]
    status: Annotated[int, U32, "Configurable Fault Status Register; mstatus of a RISC-V core"]
    address: Annotated[int, U32, "that was accessed; 0 if not known"]
    stack_pointer: Annotated[int, U32, "at the fault"]


HEADER_BYTES = Header.size()
CRC_BYTES = 4
FRAME_BYTES = HEADER_BYTES + MAX_PAYLOAD + CRC_BYTES
# COBS adds one byte to each 254; a delimiter stands on either side.
ENCODED_BYTES = FRAME_BYTES + FRAME_BYTES // 254 + 1 + 2

ENUMERATIONS: dict[str, type[Registered]] = {
    "wire_message": Message,
    "wire_error_code": ErrorCode,
    "wire_boot": Boot,
    "wire_engine_status": EngineStatus,
    "wire_reset_cause": ResetCause,
    "wire_counter_unit": CounterUnit,
}
LAYOUTS: tuple[type[Layout], ...] = (
    Header,
    Tensor,
    HelloAnswer,
    Chunk,
    ChunkAnswer,
    Infer,
    ResultHead,
    Profile,
    ProfileAnswer,
    Arena,
    ErrorHead,
    Fault,
)
_LIMITS = {
    "WIRE_VERSION": (VERSION, "of the protocol"),
    "WIRE_MAX_PAYLOAD": (MAX_PAYLOAD, "bytes of payload in a frame"),
    "WIRE_MAX_RANK": (MAX_RANK, "dimensions of a tensor"),
    "WIRE_MAX_LAYERS": (MAX_LAYERS, "layers that can be profiled"),
    "WIRE_FRAME_BYTES": (FRAME_BYTES, "header, largest payload and CRC-32"),
    "WIRE_ENCODED_BYTES": (ENCODED_BYTES, "the largest frame as it stands on the line, delimiters included"),
}
_PREFIXES = {
    "wire_message": "WIRE_",
    "wire_error_code": "WIRE_ERROR_",
    "wire_boot": "WIRE_BOOT_",
    "wire_engine_status": "WIRE_ENGINE_",
    "wire_reset_cause": "WIRE_RESET_",
    "wire_counter_unit": "WIRE_COUNTER_",
}


def _comment(text: str, indent: str = "") -> list[str]:
    prefix = f"{indent}// "
    return textwrap.wrap(text[0].upper() + text[1:], 120, initial_indent=prefix, subsequent_indent=prefix)


def _c_enumeration(name: str, enumeration: type[Registered]) -> list[str]:
    lines = [*_comment((enumeration.__doc__ or "").splitlines()[0]), "typedef enum {"]
    for member in enumeration:
        lines += [*_comment(member.meaning, "    "), f"    {_PREFIXES[name]}{member.name} = {member.value},"]
    return [*lines, f"}} {name};", ""]


def _c_layout(layout: type[Layout]) -> list[str]:
    lines = [*_comment((layout.__doc__ or "").splitlines()[0]), "typedef struct __attribute__((packed)) {"]
    for member in layout.members():
        lines += [*_comment(member.meaning + ".", "    "), f"    {member.declaration}"]
    size = f'_Static_assert(sizeof({layout.c_name}) == {layout.size()}, "as on the wire");'
    return [*lines, f"}} {layout.c_name};", size, ""]


def c_header() -> str:
    """The text of firmware/link/wire.h."""
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        "// Generated by `python -m tinydf.link.wire`; do not edit. The contract is docs/reference/protocol.md.",
        "#ifndef TINYDF_WIRE_H",
        "#define TINYDF_WIRE_H",
        "",
        "#include <stdint.h>",
        "",
        "// The layouts are copied to and from the wire as they are.",
        '_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire is little-endian");',
        "",
    ]
    for name, (value, meaning) in _LIMITS.items():
        lines += [*_comment(meaning + "."), f"#define {name} {value}"]
    lines.append("")
    for name, enumeration in ENUMERATIONS.items():
        lines += _c_enumeration(name, enumeration)
    for layout in LAYOUTS:
        lines += _c_layout(layout)
    return "\n".join([*lines, "#endif", ""])


if __name__ == "__main__":
    print(c_header(), end="")

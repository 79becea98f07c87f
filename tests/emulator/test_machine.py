# SPDX-License-Identifier: Apache-2.0
"""The emulated chip against what the reference manual, plain arithmetic and counting by hand say."""

import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.emulator.machines import Box
from tinydf.emulator.chips.stm32h743 import STM32H743
from tinydf.emulator.machine import Machine, segments
from tinydf.errors import TinydfError

pytestmark = pytest.mark.emulator

Program = Callable[[str], Path]


@pytest.fixture(scope="module")
def counter(program: Program) -> Iterator[Box]:
    with Box(program("count")) as box:
        yield box


# Index in programs/count.c, and the number of instructions written beside each piece there.
@pytest.mark.parametrize(
    ("piece", "instructions"),
    [("straight", 4), ("loop", 4002), ("conditional", 6), ("branches", 6), ("adjacent", 1)],
)
def test_instructions_are_counted_exactly(counter: Box, piece: str, instructions: int) -> None:
    order = ("straight", "loop", "conditional", "branches", "adjacent")
    answers = [struct.unpack("<I", counter.ask(bytes([order.index(piece)]), 4))[0] for _ in range(3)]
    assert answers == [instructions] * 3


def _as_signed_bytes(word: int) -> NDArray[np.int64]:
    return np.frombuffer(struct.pack("<I", word), np.int8).astype(np.int64)


def _as_signed_halves(word: int) -> NDArray[np.int64]:
    return np.frombuffer(struct.pack("<I", word), np.int16).astype(np.int64)


def arithmetic_of(a: int, b: int) -> list[int]:
    """What programs/arithmetic.c must answer, from the instructions' definitions (Armv7-M ARM, chapter A7)."""
    signed_a, signed_b = (int(np.int32(np.uint32(word))) for word in (a, b))
    smlad = int(np.dot(_as_signed_halves(a), _as_signed_halves(b))) + signed_a
    qadd = min(max(signed_a + signed_b, -(2**31)), 2**31 - 1)
    qadd8 = np.clip(_as_signed_bytes(a) + _as_signed_bytes(b), -128, 127).astype(np.int8).tobytes()
    smmul = (signed_a * signed_b) >> 32
    usub16 = ((a & 0xFFFF) - (b & 0xFFFF)) & 0xFFFF | (((a >> 16) - (b >> 16)) & 0xFFFF) << 16
    sxtb16 = [int(byte) & 0xFFFF for byte in _as_signed_bytes(a)[[1, 3]]]
    # The compiler may not contract a * b + c here: -ffp-contract is on for GNU C, so the sum is fused.
    fused = np.float32(float(np.float32(signed_a)) * 0.75 + float(np.float32(signed_b)))
    quotient = int(np.trunc(signed_a / (signed_b + 0.5) * 1000.0))
    quotient = min(max(quotient, -(2**31)), 2**31 - 1)  # VCVT saturates
    bits = struct.unpack("<I", fused.tobytes())[0]
    words = [smlad, qadd, struct.unpack("<I", qadd8)[0], smmul, usub16, sxtb16[0] | sxtb16[1] << 16, bits, quotient]
    return [word & 0xFFFFFFFF for word in words]


def test_dsp_and_floating_point_instructions(program: Program) -> None:
    draw = np.random.default_rng(7)
    pairs = [tuple(map(int, draw.integers(0, 2**32, 2))) for _ in range(100)]
    pairs += [(0x80000000, 0x80000000), (0x7FFFFFFF, 0x7FFFFFFF), (0, 0), (0x80808080, 0x7F7F7F7F)]
    with Box(program("arithmetic")) as box:
        answers = [list(struct.unpack("<8I", box.ask(struct.pack("<2I", *pair), 32))) for pair in pairs]
    assert answers == [arithmetic_of(*pair) for pair in pairs]


@pytest.mark.parametrize(
    ("misdeed", "words"),
    [
        ("p", "read of 0x40000000, where the emulated chip has no peripheral"),
        ("g", "write to 0x58020C00 (GPIOD), whose clock is not enabled in RCC + 0xE0, mask 0x00000008"),
        ("f", "write of 4 bytes to 0x08010000, which is read-only memory"),
        ("r", "read of 4 bytes at 0x90000000, outside the chip's memory map"),
        ("j", "jump to 0x90000000, where there is no code"),
        ("t", "jump to an address without the Thumb bit"),
        ("u", "undefined instruction"),
        ("b", "BKPT instruction"),
        ("i", "interrupt enabled in NVIC_ISER0: interrupts are not emulated"),
        ("s", "SysTick interrupt enabled: interrupts are not emulated"),
        ("m", "write into 0x20001000 to 0x200010FF, which the MPU forbids"),
        ("c", "core clock of 480000000 Hz at voltage scale 3, which allows 200000000 Hz"),
    ],
)
def test_what_the_chip_does_not_forgive_stops_it(program: Program, misdeed: str, words: str) -> None:
    with Box(program("misdeeds")) as box:
        assert len(box.receive(1)) == 1
        box.send(misdeed.encode())
        last_words = box.last_words()
    assert last_words.startswith(words)
    if misdeed not in "jt":
        assert "misdeeds.c:" in last_words, "it tells the source line"


def test_an_access_outside_the_map_names_address_function_and_line(program: Program) -> None:
    with Box(program("echo")) as box:
        box.send(b"X")
        words = box.last_words()
    lines = (Path(__file__).parent / "programs" / "echo.c").read_text().splitlines()
    line = 1 + next(index for index, text in enumerate(lines) if "REGISTER(0x60000000u)" in text)
    assert words.startswith("write of 4 bytes at 0x60000000, outside the chip's memory map, at 0x0800")
    assert f"(touch_nothing+6, echo.c:{line}), called from 0x0800" in words
    assert "(reset_handler+" in words


def test_a_software_reset_starts_again(program: Program) -> None:
    with Box(program("echo")) as box:
        assert box.receive(1) == b"!"
        assert box.ask(b"R", 2) == b"R!"
        assert box.machine.status.resets == 1


def test_a_watchdog_that_starves_resets_and_says_so(program: Program) -> None:
    with Box(program("misdeeds")) as box:
        assert box.receive(1) == b"\x00"
        assert box.ask(b"w", 1) == b"\x04"  # RCC_RSR.IWDG1RSTF
        assert box.machine.status.watchdog_resets == 1


def test_bytes_that_come_while_the_firmware_looks_away_are_lost_past_the_fifo(program: Program) -> None:
    with Box(program("misdeeds")) as box:
        assert len(box.receive(1)) == 1
        kept, status = struct.unpack("<2I", box.ask(b"o" + bytes(100), 8))
        assert kept == 16
        assert status & 1 << 3, "the overrun flag"
        assert box.machine.status.overruns > 50


def test_every_byte_passes_unchanged_and_fast(program: Program) -> None:
    data = np.random.default_rng(1).integers(0, 256, 1_000_000, dtype=np.uint8).tobytes()
    data = data.replace(b"R", b"r").replace(b"X", b"x")
    with Box(program("echo")) as box:
        assert box.receive(1) == b"!"
        started = time.monotonic()
        sender = threading.Thread(target=box.send, args=(data,))
        sender.start()
        assert box.receive(len(data), 60) == data
        sender.join()
        seconds = time.monotonic() - started
        assert box.machine.status.overruns == 0
    assert len(data) / seconds > 250_000, "far below what an idle machine does (several MB/s)"


def test_the_emulator_is_fast_enough(program: Program) -> None:
    with Box(program("pace")) as box:
        box.ask(b"\x01", 4)  # translated now
        before = time.process_time()
        ticks = [struct.unpack("<I", box.ask(b"\xff", 4))[0] for _ in range(3)]
        seconds = time.process_time() - before  # of the processor: this machine may be busy with other things
    assert ticks[1] == ticks[2]
    assert sum(ticks) / seconds > 100e6


def test_an_idle_firmware_does_not_burn_the_processor(program: Program) -> None:
    with Box(program("echo")) as box:
        assert box.receive(1) == b"!"
        time.sleep(0.2)
        before = time.process_time()
        time.sleep(1.0)
        assert time.process_time() - before < 0.2
        assert box.ask(b"a", 1) == b"a"


def test_a_file_that_is_no_firmware(tmp_path: Path, program: Program) -> None:
    for content in (b"", b"\x7fELF", program("echo").read_bytes()[:2000]):
        broken = tmp_path / "firmware.elf"
        broken.write_bytes(content)
        with pytest.raises(TinydfError, match=r"not a complete ELF file|not for an Arm core"):
            segments(broken, "EM_ARM")
    with pytest.raises(TinydfError, match="not for an Arm core"):
        segments(Path(os.path.realpath("/bin/ls")), "EM_ARM")


def test_a_firmware_for_other_memories(tmp_path: Path, program: Program) -> None:
    moved = bytearray(program("echo").read_bytes())
    header = struct.unpack_from("<I", moved, 28)[0]
    struct.pack_into("<I", moved, header + 12, 0x70000000)  # p_paddr of the first segment
    elf = tmp_path / "moved.elf"
    elf.write_bytes(moved)
    with pytest.raises(TinydfError, match=r"0x70000000.* is outside the chip's memories"):
        Machine(STM32H743, elf, 8_000_000, 0)

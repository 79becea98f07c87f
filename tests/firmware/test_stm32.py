# SPDX-License-Identifier: Apache-2.0
"""The ports for STM32s: what the linker made, and the fault handlers' own code run on a bare emulated core."""

import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tests.firmware.board import build, built, stm32_boards
from tinydf.boards import board as boards
from tinydf.link import wire
from tinydf.link.frame import Frame, Receiver

pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc")

STACK_BYTES = 8192
GUARD_BYTES = 256


@dataclass(frozen=True)
class Place:
    """Where a board's firmware lies, and the registers that its fault report needs: the USART's data, the watchdog."""

    hot: int
    ram: int
    flash_bytes: int
    data: int
    watchdog: int


PLACES = {
    "nucleo-f446": Place(0, 0x2000_0000, 512 << 10, 0x4000_4404, 0x4000_3000),
    "nucleo-f767": Place(0x100, 0x2000_0000, 2 << 20, 0x4000_4828, 0x4000_3000),
    "nucleo-h743": Place(0x100, 0x2000_0000, 2 << 20, 0x4000_4828, 0x5800_4800),
    "nucleo-h7a3": Place(0x100, 0x2000_0000, 2 << 20, 0x4000_4828, 0x5800_4800),
    "nucleo-l4r5": Place(0x1000_0000, 0x2000_0000, 2 << 20, 0x4000_8028, 0x4000_3000),
    "nucleo-u575": Place(0, 0x2000_0000, 2 << 20, 0x4001_3828, 0x4000_3000),
}


def test_there_is_a_place_for_each_board() -> None:
    assert list(PLACES) == stm32_boards()


@pytest.fixture(scope="module", params=PLACES)
def name(request: pytest.FixtureRequest) -> str:
    """A board with an STM32."""
    return str(request.param)


@pytest.fixture(scope="module")
def elf(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its firmware."""
    return built(tmp_path_factory.mktemp(name), target=name)


def symbols(elf: Path) -> dict[str, int]:
    with elf.open("rb") as file:
        return {one.name: one["st_value"] for one in ELFFile(file).get_section_by_name(".symtab").iter_symbols()}


def sections(elf: Path) -> dict[str, tuple[int, int]]:
    """Address and size by name."""
    with elf.open("rb") as file:
        return {one.name: (one["sh_addr"], one["sh_size"]) for one in ELFFile(file).iter_sections()}


def load(elf: Path, physical: bool) -> list[tuple[int, bytes]]:
    """Address and content of what is loaded, as a flasher sees it or as the running program does."""
    with elf.open("rb") as file:
        loaded = ELFFile(file).iter_segments("PT_LOAD")
        return [(one["p_paddr" if physical else "p_vaddr"], one.data()) for one in loaded if one["p_filesz"]]


def test_everything_lies_where_it_runs_fastest(elf: Path, name: str) -> None:
    names, places, place = symbols(elf), sections(elf), PLACES[name]
    if place.hot:
        assert names["engine_invoke"] & ~1 == places[".hot"][0] == place.hot, "past the null pointers, if it is at 0"
    assert places[".stack"] == (place.ram, GUARD_BYTES + STACK_BYTES)
    assert names["stack_guard_start"] == place.ram
    assert names["stack_bottom"] == place.ram + GUARD_BYTES
    assert all(place.ram <= places[name][0] < place.ram + (128 << 10) for name in (".data", ".bss", ".arena"))
    assert all(0x0800_0000 <= places[name][0] < 0x0800_0000 + place.flash_bytes for name in (".text", ".rodata"))


def test_hot_code_that_has_no_room_stays_in_flash(tmp_path: Path) -> None:
    elf = built(tmp_path, "TEST_LARGE=17000", target="nucleo-f767")
    names = symbols(elf)
    assert sections(elf)[".hot"][0] == names["hot_start"] == names["hot_load"] == names["hot_end"] > 0x0800_0000


def test_the_arena_can_lie_elsewhere(tmp_path: Path) -> None:
    assert sections(built(tmp_path, region="AXI", arena_bytes=400_000))[".arena"] == (
        0x2400_0000,
        400_064,
    )  # two guards of 32 bytes


def test_the_vector_table(elf: Path) -> None:
    names = symbols(elf)
    address, content = min(load(elf, physical=True))
    assert address == 0x0800_0000
    stack, reset, *handlers = struct.unpack_from("<16I", content)
    assert stack == names["stack_top"]
    assert stack % 8 == 0
    assert reset == names["Reset_Handler"]
    assert reset % 2 == 1, "Thumb"
    assert {handlers[number - 2] for number in (2, 3, 4, 5, 6, 11, 12, 14, 15)} == {names["fault_entry"]}


def test_all_that_is_loaded_is_in_flash(elf: Path, name: str) -> None:
    end = 0x0800_0000 + PLACES[name].flash_bytes
    assert all(0x0800_0000 <= address < end for address, _ in load(elf, physical=True))


def test_there_is_no_heap(elf: Path) -> None:
    assert not {"malloc", "_malloc_r", "_sbrk", "free", "calloc"} & symbols(elf).keys()


def test_the_size_table_is_printed() -> None:
    output = build(TINYDF_STACK_BYTES=8000).stdout
    assert ".arena" in output
    assert "flash " in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"arena_bytes": 131_072}, "region `DTCM' overflowed"),
        ({"arena_bytes": 524_288, "region": "AXI"}, "region `AXI' overflowed"),
        ({"TINYDF_STACK_BYTES": 140_000}, "region `DTCM' overflowed"),
        ({"TINYDF_STACK_BYTES": 1000}, "the stack is too small"),
    ],
)
def test_what_does_not_fit_does_not_link(arguments: dict[str, int | str], message: str) -> None:
    done = build(**arguments)  # type: ignore[arg-type]
    assert done.returncode != 0
    assert message in done.stdout


class Core:
    """A bare core with the firmware in its memories, and a USART that always has room."""

    def __init__(self, elf: Path, name: str) -> None:
        import unicorn
        from unicorn import arm_const

        self._registers = arm_const
        self.place = PLACES[name]
        self.core = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        model = boards.load(name).core.name.upper().replace("-", "_")
        self.core.ctl_set_cpu_model(getattr(arm_const, f"UC_CPU_ARM_{model}"))
        for memory in boards.load(name).memory.values():
            self.core.mem_map(memory.origin, memory.bytes)
        self.core.mem_map(0xE000_E000, 0x1000)
        for physical in (True, False):
            for address, content in load(elf, physical):
                self.core.mem_write(address, content)
        self.names = symbols(elf)
        self.sent = bytearray()
        self.core.mmio_map(self.place.data & ~0xFFF, 0x1000, self._read, None, self._write, None)
        self.core.mem_map(self.place.watchdog & ~0xFFF, 0x1000)

    @staticmethod
    def _read(core: object, offset: int, size: int, data: object) -> int:
        return 1 << 7  # TXE of SR, or TXFNF of ISR

    def _write(self, core: object, offset: int, size: int, value: int, data: object) -> None:
        assert offset == self.place.data & 0xFFF
        self.sent.append(value)

    def write_word(self, address: int, value: int) -> None:
        self.core.mem_write(address, value.to_bytes(4, "little"))

    def fault(self, exception: int, stack: int) -> Frame:
        """Enter the fault handler as the core does, and give the frame that it sends."""
        self.core.reg_write(self._registers.UC_ARM_REG_SP, stack)
        self.core.reg_write(self._registers.UC_ARM_REG_IPSR, exception)
        self.core.emu_start(self.names["fault_entry"] | 1, 0xFFFF_FFFE, count=200_000)
        (frame,) = Receiver().push(bytes(self.sent))
        return frame


CFSR, MMFAR, BFAR = 0xE000_ED28, 0xE000_ED34, 0xE000_ED38
BUS_FAULT_PRECISE, MEMORY_FAULT_DATA = 0x8200, 0x0082


def report(core: Core, exception: int, stack: int) -> wire.Fault:
    frame = core.fault(exception, stack)
    assert frame.type == wire.Message.ERROR
    head, rest = wire.ErrorHead.unpack(frame.payload)
    assert (head.code, head.detail) == (wire.ErrorCode.FAULT, exception)
    fault, rest = wire.Fault.unpack(rest)
    assert rest == b""
    assert core.core.mem_read(core.place.watchdog, 4) == (0xCCCC).to_bytes(4, "little"), "the watchdog runs"
    return fault


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("exception", "status", "address"), [(5, BUS_FAULT_PRECISE, 0xDEAD_BEE0), (4, MEMORY_FAULT_DATA, 0x10), (6, 1, 0)]
)
def test_a_fault_tells_where(elf: Path, name: str, exception: int, status: int, address: int) -> None:
    core = Core(elf, name)
    stack = core.names["stack_top"] - 64
    core.core.mem_write(stack, struct.pack("<8I", 0, 1, 2, 3, 12, 0x0800_0457, 0x0800_0122, 0x0100_0000))
    core.write_word(CFSR, status)
    core.write_word(MMFAR if exception == 4 else BFAR, address)
    fault = report(core, exception, stack)
    assert fault == wire.Fault(0x0800_0122, 0x0800_0457, status, address, stack)


@pytest.mark.emulator
@pytest.mark.parametrize("stack", [0x2000_0000, 0x2000_0010, 0x1FFF_FF00, 0xFFFF_FFF0, 0x2400_0000])
def test_a_broken_stack_is_not_read(elf: Path, name: str, stack: int) -> None:
    core = Core(elf, name)
    core.write_word(CFSR, 0x10)  # the MPU stopped the stacking
    assert report(core, 4, stack) == wire.Fault(0, 0, 0x10, 0, stack & ~3)

# SPDX-License-Identifier: Apache-2.0
"""Every board that can be emulated, with the published demo model: its bytes, and the clocks that its firmware set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.boards import Case, make_case, run
from tests.emulator.machines import Box
from tinydf.artefacts.build import ELF
from tinydf.boards import board as boards
from tinydf.boards.build import build
from tinydf.emulator.chips import CHIPS
from tinydf.link import client, wire

pytestmark = pytest.mark.emulator

EMULATED = [name for name in boards.names() if boards.load(name).emulator is not None]
UNICORN = [name for name in EMULATED if isinstance(boards.load(name).emulator, boards.UnicornEmulator)]
MHZ = 1_000_000


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("case"), 2)


@pytest.fixture(scope="module", params=EMULATED)
def board(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def elf(board: str, case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp(board)
    build(board, case.export, out)
    return out / ELF


def test_its_bytes_are_the_host_engines(board: str, elf: Path, case: Case) -> None:
    assert run(board, elf, case).mismatches == 0


Written = Mapping[int, int]


@dataclass(frozen=True)
class Clocks:
    """What register values mean, by the reference manual: the core's clock, the flash's, and the baud rate."""

    core_hz: float
    flash_hz: float
    baud: float


@dataclass(frozen=True)
class Manual:
    """What the reference manual and the data sheet say of a chip at the voltage that its full speed needs.

    `derive` takes the last value written to each address, and the external clock. `flash_mhz` has the highest clock of
    0, 1, 2 ... wait states; `latency` is the register whose low four bits are the wait states. `fields` must have been
    written: voltage, over-drive or boost, supply of pins; (address, mask, value). `pins` are the serial port's: (GPIO
    port, pin, alternate function).
    """

    derive: Callable[[Written, int], Clocks]
    flash_mhz: tuple[float, ...]
    latency: int
    fields: tuple[tuple[int, int, int], ...]
    pins: tuple[tuple[int, int, int], ...]


def _ahb(field: int) -> int:
    return {8: 2, 9: 4, 10: 8, 11: 16, 12: 64, 13: 128, 14: 256, 15: 512}.get(field & 15, 1)


def _apb(field: int) -> int:
    return {4: 2, 5: 4, 6: 8, 7: 16}.get(field & 7, 1)


def _f4(usart: int, brr: int) -> Callable[[Written, int], Clocks]:
    def derive(written: Written, hse_hz: int) -> Clocks:
        pll, configuration = written[0x4002_3804], written[0x4002_3808]
        assert pll & 1 << 22 and configuration & 3 == 2, "HSE, and the PLL's P, are chosen"
        core = hse_hz / (pll & 63) * (pll >> 6 & 511) / (2 + 2 * (pll >> 16 & 3)) / _ahb(configuration >> 4)
        return Clocks(core, core, core / _apb(configuration >> 10) / written[usart + brr])

    return derive


def _h7(written: Written, hse_hz: int) -> Clocks:
    source, dividers = written[0x5802_4428], written[0x5802_4430]
    domain1, domain2 = written[0x5802_4418], written[0x5802_441C]
    assert source & 3 == 2 and written[0x5802_4410] & 7 == 3, "HSE, and PLL1, are chosen"
    core = hse_hz / (source >> 4 & 63) * ((dividers & 511) + 1) / ((dividers >> 9 & 127) + 1) / _ahb(domain1 >> 8)
    bus = core / _ahb(domain1)
    return Clocks(core, bus, bus / _apb(domain2 >> 4) / written[0x4000_480C])


def _l4(written: Written, hse_hz: int) -> Clocks:
    pll, configuration = written[0x4002_100C], written[0x4002_1008]
    assert configuration & 3 == 3, "the PLL is chosen"
    source = {1: 4 * MHZ, 2: 16 * MHZ, 3: hse_hz}[pll & 3]
    core = source / ((pll >> 4 & 15) + 1) * (pll >> 8 & 127) / (2 + 2 * (pll >> 25 & 3)) / _ahb(configuration >> 4)
    return Clocks(core, core, 256 * core / _apb(configuration >> 8) / written[0x4000_800C])


def _u5(written: Written, hse_hz: int) -> Clocks:
    pll, dividers = written[0x4602_0C28], written[0x4602_0C34]
    assert written[0x4602_0C1C] & 3 == 3, "PLL1 is chosen"
    source = {1: 4 * MHZ, 2: 16 * MHZ, 3: hse_hz}[pll & 3]
    prescalers = written.get(0x4602_0C20, 0)
    core = source / ((pll >> 8 & 15) + 1) * ((dividers & 511) + 1) / ((dividers >> 24) + 1) / _ahb(prescalers)
    return Clocks(core, core, core / _apb(prescalers >> 8) / written[0x4001_380C])


MANUALS = {
    "stm32h743": Manual(  # RM0433, table 17, VOS0
        _h7, (70, 140, 185, 210, 240), 0x5200_2000,
        ((0x5802_480C, 7, 2), (0x5802_4818, 3 << 14, 3 << 14), (0x5800_042C, 1, 1)),
        ((0x5802_0C00, 8, 7), (0x5802_0C00, 9, 7)),
    ),
    "stm32h7a3": Manual(  # RM0455, recommended number of wait states, VOS0; the board is wired for the SMPS
        _h7, (44, 88, 132, 176, 220, 264, 280), 0x5200_2000,
        ((0x5802_480C, 7, 4), (0x5802_4818, 3 << 14, 3 << 14)),
        ((0x5802_0C00, 8, 7), (0x5802_0C00, 9, 7)),
    ),
    "stm32f446": Manual(  # RM0390, number of wait states, 2.7 to 3.6 V
        _f4(0x4000_4400, 0x08), (30, 60, 90, 120, 150, 180), 0x4002_3C00,
        ((0x4000_7000, 3 << 16, 3 << 16),),
        ((0x4002_0000, 2, 7), (0x4002_0000, 3, 7)),
    ),
    "stm32f767": Manual(  # RM0410, number of wait states, 2.7 to 3.6 V
        _f4(0x4000_4800, 0x0C), (30, 60, 90, 120, 150, 180, 210, 216), 0x4002_3C00,
        ((0x4000_7000, 3 << 16, 3 << 16),),
        ((0x4002_0C00, 8, 7), (0x4002_0C00, 9, 7)),
    ),
    "stm32l4r5": Manual(  # RM0432, number of wait states, range 1 boost; R1MODE off, VDDIO2 valid
        _l4, (20, 40, 60, 80, 100, 120), 0x4002_2000,
        ((0x4000_7080, 1 << 8, 0), (0x4000_7004, 1 << 9, 1 << 9)),
        ((0x4800_1800, 7, 8), (0x4800_1800, 8, 8)),
    ),
    "stm32u575": Manual(  # RM0456, number of wait states, range 1; the booster on
        _u5, (32, 64, 96, 128, 160), 0x4002_2000,
        ((0x4602_080C, 3 << 16 | 1 << 18, 3 << 16 | 1 << 18),),
        ((0x4202_0000, 9, 7), (0x4202_0000, 10, 7)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("board", [name for name in UNICORN if name.startswith("nucleo")], indirect=True)
def test_the_clocks_are_those_of_the_board_file(board: str, elf: Path) -> None:
    description = boards.load(board)
    assert description.uart is not None and isinstance(description.emulator, boards.UnicornEmulator)
    manual = MANUALS[description.emulator.machine]
    with Box(elf, CHIPS[description.emulator.machine], description.core.external_clock_hz or 0) as box:
        with client.Connection(box.terminal) as link:
            hello = link.hello()
        written, status = dict(box.machine.writes), box.machine.status
    clocks = manual.derive(written, description.core.external_clock_hz or 0)
    assert clocks.core_hz == description.core.clock_hz == status.core_hz == hello.clock_hz
    assert abs(clocks.baud / description.uart.baud - 1) < 0.02
    assert abs(clocks.baud - status.baud) < 1, "the emulator comes to the same"
    needed = next(states for states, most in enumerate(manual.flash_mhz) if clocks.flash_hz <= most * MHZ)
    assert written[manual.latency] & 15 == needed == status.wait_states
    for address, mask, value in manual.fields:
        assert written[address] & mask == value, hex(address)
    for port, pin, function in manual.pins:
        assert written[port] >> 2 * pin & 3 == 2, "an alternate function"
        assert written[port + 0x20 + 4 * (pin // 8)] >> 4 * (pin % 8) & 15 == function


@pytest.mark.parametrize("board", ["esp32-c3-devkitm-1"], indirect=True)
def test_the_clocks_of_the_esp32c3_are_those_of_the_board_file(board: str, elf: Path) -> None:
    description = boards.load(board)
    assert description.uart is not None and description.core.external_clock_hz is not None
    crystal = description.core.external_clock_hz
    with Box(elf, CHIPS["esp32c3"], crystal) as box:
        with client.Connection(box.terminal) as link:
            assert link.hello().boot == wire.Boot.OK
        written, status = dict(box.machine.writes), box.machine.status
    assert written[0x600C_0058] >> 10 & 3 == 1, "SYSCLK_CONF: the PLL"
    core_hz = {0: 80, 1: 160}[written[0x600C_0008] & 3] * MHZ
    assert core_hz == description.core.clock_hz == status.core_hz
    sixteenths = (written[0x6000_0014] & 0xFFF) * 16 + (written[0x6000_0014] >> 20 & 15)
    assert written[0x6000_0078] >> 20 & 3 == 3, "UART_CLK_CONF: the crystal"
    baud = crystal / ((written[0x6000_0078] >> 12 & 0xFF) + 1) * 16 / sixteenths
    assert abs(baud / description.uart.baud - 1) < 0.02 and abs(baud - status.baud) < 1

# SPDX-License-Identifier: Apache-2.0
"""The emulated STM32s: what the reference manuals say of clocks, voltages, wait states, gates and memories."""

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.emulator.machines import Box, Monitor
from tests.emulator.test_machine import arithmetic_of
from tinydf.emulator.chips import CHIPS
from tinydf.emulator.chips.chip import UNIQUE_ID

pytestmark = pytest.mark.emulator

Program = Callable[..., Path]
MHZ = 1_000_000
HSE_HZ = 8 * MHZ


@dataclass(frozen=True)
class Start:
    """A start to full speed: register writes by what they are for, and what they lead to, by the reference manual.

    `ready` is a register and the bit that says that the PLL is locked; `usart` is (kernel clock, baud) of the test
    program's divisor then.
    """

    steps: dict[str, tuple[int, int]]
    ready: tuple[int, int]
    core_mhz: int
    usart: tuple[int, int]
    supply: str
    too_slow_flash: str
    too_low_voltage: str


STARTS = {
    "stm32f446": Start(
        steps={
            "power's clock": (0x4002_3840, 1 << 28 | 1 << 17),
            "oscillator": (0x4002_3800, 0x83 | 1 << 16 | 1 << 18),
            "PLL's settings": (0x4002_3804, 8 | 360 << 6 | 1 << 22 | 2 << 24 | 2 << 28),
            "PLL": (0x4002_3800, 0x83 | 1 << 16 | 1 << 18 | 1 << 24),
            "voltage": (0x4000_7000, 0xC000 | 1 << 16),
            "voltage, switched": (0x4000_7000, 0xC000 | 3 << 16),
            "wait states": (0x4002_3C00, 5),
            "prescalers": (0x4002_3808, 5 << 10 | 4 << 13),
            "switch": (0x4002_3808, 5 << 10 | 4 << 13 | 2),
        },
        ready=(0x4002_3800, 25),
        core_mhz=180,
        usart=(45 * MHZ, 45 * MHZ // 139),
        supply="voltage scale 1, over-drive",
        too_slow_flash="bus clock of 180000000 Hz with 0 flash wait states at voltage scale 1, over-drive",
        too_low_voltage="core clock of 180000000 Hz at voltage scale 1, which allows 168000000 Hz",
    ),
    "stm32f767": Start(
        steps={
            "power's clock": (0x4002_3840, 1 << 28 | 1 << 18),
            "oscillator": (0x4002_3800, 0x83 | 1 << 16 | 1 << 18),
            "PLL's settings": (0x4002_3804, 8 | 432 << 6 | 1 << 22 | 9 << 24 | 2 << 28),
            "PLL": (0x4002_3800, 0x83 | 1 << 16 | 1 << 18 | 1 << 24),
            "voltage": (0x4000_7000, 0xC000 | 1 << 16),
            "voltage, switched": (0x4000_7000, 0xC000 | 3 << 16),
            "wait states": (0x4002_3C00, 7),
            "prescalers": (0x4002_3808, 5 << 10 | 4 << 13),
            "switch": (0x4002_3808, 5 << 10 | 4 << 13 | 2),
        },
        ready=(0x4002_3800, 25),
        core_mhz=216,
        usart=(54 * MHZ, 54 * MHZ // 139),
        supply="voltage scale 1, over-drive",
        too_slow_flash="bus clock of 216000000 Hz with 0 flash wait states at voltage scale 1, over-drive",
        too_low_voltage="core clock of 216000000 Hz at voltage scale 1, which allows 180000000 Hz",
    ),
    "stm32h7a3": Start(
        steps={
            "oscillator": (0x5802_4400, 1 | 1 << 16 | 1 << 18),
            "supply": (0x5802_480C, 4),
            "voltage": (0x5802_4818, 3 << 14),
            "PLL's source": (0x5802_4428, 2 | 1 << 4),
            "PLL's outputs": (0x5802_442C, 3 << 2 | 1 << 16),
            "PLL's settings": (0x5802_4430, 69 | 1 << 9),
            "PLL": (0x5802_4400, 1 | 1 << 16 | 1 << 18 | 1 << 24),
            "wait states": (0x5200_2000, 6 | 3 << 4),
            "prescaler": (0x5802_4418, 4 << 4),
            "prescalers": (0x5802_441C, 4 << 4 | 4 << 8),
            "prescaler of SRD": (0x5802_4420, 4 << 4),
            "switch": (0x5802_4410, 3),
        },
        ready=(0x5802_4400, 25),
        core_mhz=280,
        usart=(140 * MHZ, 140 * MHZ // 69),
        supply="voltage scale 0",
        too_slow_flash="bus clock of 280000000 Hz with 3 flash wait states at voltage scale 0, which allow 176000000",
        too_low_voltage="core clock of 280000000 Hz at voltage scale 3, which allows 88000000 Hz",
    ),
    "stm32l4r5": Start(
        steps={
            "power's clock": (0x4002_1058, 1 << 28),
            "oscillator": (0x4002_1000, 0x63 | 1 << 16 | 1 << 18),
            "voltage": (0x4000_7080, 0),
            "PLL's settings": (0x4002_100C, 3 | 1 << 4 | 60 << 8 | 1 << 24),
            "PLL": (0x4002_1000, 0x63 | 1 << 16 | 1 << 18 | 1 << 24),
            "wait states": (0x4002_2000, 0x600 | 5),
            "prescaler": (0x4002_1008, 8 << 4),
            "switch at half speed": (0x4002_1008, 8 << 4 | 3),
            "switch": (0x4002_1008, 3),
        },
        ready=(0x4002_1000, 25),
        core_mhz=120,
        usart=(120 * MHZ, 120 * MHZ * 256 // 8889),
        supply="voltage range 1, boost",
        too_slow_flash="bus clock of 60000000 Hz with 0 flash wait states at voltage range 1, boost",
        too_low_voltage="core clock of 120000000 Hz at voltage range 1, which allows 80000000 Hz",
    ),
    "stm32u575": Start(
        steps={
            "power's clock": (0x4602_0C94, 1 << 31 | 1 << 2),
            "oscillator": (0x4602_0C00, 0x35 | 1 << 16),
            "PLL's settings": (0x4602_0C28, 3 | 1 << 8 | 1 << 18),
            "PLL's dividers": (0x4602_0C34, 79 | 1 << 24),
            "voltage": (0x4602_080C, 3 << 16 | 1 << 18),
            "PLL": (0x4602_0C00, 0x35 | 1 << 16 | 1 << 24),
            "wait states": (0x4002_2000, 4),
            "switch": (0x4602_0C1C, 3),
        },
        ready=(0x4602_0C00, 25),
        core_mhz=160,
        usart=(160 * MHZ, 160 * MHZ // 35),
        supply="voltage range 1, boost",
        too_slow_flash="bus clock of 160000000 Hz with 1 flash wait states at voltage range 1, boost",
        too_low_voltage="core clock of 160000000 Hz at voltage range 4, which allows 25000000 Hz",
    ),
}
MACHINES = tuple(STARTS)


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def monitor(machine: str, program: Program) -> Iterator[Monitor]:
    with Monitor(program("monitor", machine), CHIPS[machine], HSE_HZ) as box:
        yield box


def do(monitor: Monitor, start: Start, without: str = "") -> None:
    for purpose, (address, value) in start.steps.items():
        if not (without and purpose.startswith(without)):
            monitor.write(address, value)


def test_full_speed_is_reached(monitor: Monitor, machine: str) -> None:
    start = STARTS[machine]
    do(monitor, start)
    register, bit = start.ready
    assert monitor.read(register) >> bit & 1, monitor.machine.last_words()
    status = monitor.machine.status
    assert status.core_hz == start.core_mhz * MHZ
    assert (status.kernel_hz, status.baud) == start.usart
    assert status.supply.decode() == start.supply
    assert status.wait_states == start.steps["wait states"][1] & 15


def test_the_writes_are_kept(monitor: Monitor, machine: str) -> None:
    do(monitor, STARTS[machine])
    monitor.read(STARTS[machine].ready[0])
    writes = monitor.machine.writes
    assert [one for one in writes if one in STARTS[machine].steps.values()] == list(STARTS[machine].steps.values())


def test_too_few_wait_states_stop_it(monitor: Monitor, machine: str) -> None:
    do(monitor, STARTS[machine], without="wait states")
    assert monitor.last_words().startswith(STARTS[machine].too_slow_flash)


def test_too_low_a_voltage_stops_it(monitor: Monitor, machine: str) -> None:
    do(monitor, STARTS[machine], without="voltage")
    assert monitor.last_words().startswith(STARTS[machine].too_low_voltage)


def test_a_core_without_a_clock_stops_it(monitor: Monitor, machine: str) -> None:
    start = STARTS[machine]
    do(monitor, start)
    register, _ = start.ready
    monitor.write(register, monitor.read(register) & ~(1 << 16))  # HSE, which the PLL stands on
    assert monitor.last_words().startswith("the system clock has been stopped")


def test_a_pll_without_its_source_is_never_ready(machine: str, program: Program) -> None:
    start = STARTS[machine]
    register, bit = start.ready
    with Monitor(program("monitor", machine), CHIPS[machine], hse_hz=0) as box:
        for purpose, (address, value) in start.steps.items():
            if purpose == "wait states":
                break
            box.write(address, value)
        assert not box.read(register) >> bit & 1
        assert not box.read(register) >> 17 & 1, "nor is HSE"


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        ("stm32f446", "a PLL's input is 8000000 Hz; it takes 950000 to 2100000 Hz"),
        ("stm32h7a3", "a PLL's oscillator is set to 640000000 Hz; it makes 128000000 to 560000000 Hz"),
        ("stm32l4r5", "a PLL's oscillator is set to 480000000 Hz; it makes 64000000 to 344000000 Hz"),
        ("stm32u575", "a PLL's oscillator is set to 640000000 Hz; it makes 128000000 to 544000000 Hz"),
    ],
)
def test_a_pll_out_of_range_stops_it(monitor: Monitor, machine: str, words: str) -> None:
    settings = {
        "stm32f446": ("PLL's settings", 1 | 45 << 6 | 1 << 22),
        "stm32h7a3": ("PLL's settings", 79 | 1 << 9),
        "stm32l4r5": ("PLL's settings", 3 | 60 << 8 | 1 << 24),
        "stm32u575": ("PLL's settings", 3 | 1 << 18),
    }
    start = STARTS[machine]
    purpose, value = settings[machine]
    do(monitor, Start(**{**vars(start), "steps": {**start.steps, purpose: (start.steps[purpose][0], value)}}))
    assert monitor.last_words().startswith(words)


# A GPIO port, the port's clock enable bit, and the power controller where it has a gate.
GATES = {
    "stm32f446": (0x4002_0C00, "GPIOD", 0x30, 3),
    "stm32f767": (0x4002_2800, "GPIOK", 0x30, 10),
    "stm32h7a3": (0x5802_0C00, "GPIOD", 0xE0, 3),
    "stm32l4r5": (0x4000_7004, "PWR", 0x58, 28),
    "stm32u575": (0x4602_080C, "PWR", 0x94, 2),
}


def test_a_peripheral_without_its_clock_stops_it(monitor: Monitor, machine: str) -> None:
    address, name, register, bit = GATES[machine]
    monitor.write(address, 0)
    gate = f"RCC + 0x{register:02X}, mask 0x{1 << bit:08X}"
    assert monitor.last_words().startswith(f"write to 0x{address:08X} ({name}), whose clock is not enabled in {gate}")


def test_a_serial_port_that_loses_its_clock_stops_it(monitor: Monitor, machine: str) -> None:
    gate = next(one for one in CHIPS[machine].peripherals if one.serial)
    rcc = next(one for one in CHIPS[machine].peripherals if one.name == "RCC")
    assert gate.gate is not None
    monitor.write(rcc.base + gate.gate[0], 0)
    words = monitor.last_words()
    assert words.startswith("read of") and f"({gate.name}), whose clock is not enabled" in words


# By the reference manuals: unique id, size of the flash in KiB, device id in DBGMCU (12 bits), end of the main RAM.
IDENTITY = {
    "stm32f446": (0x1FFF_7A10, 0x1FFF_7A22, 512, 0xE004_2000, 0x421, 0x2001_FFFC),
    "stm32f767": (0x1FF0_F420, 0x1FF0_F442, 2048, 0xE004_2000, 0x451, 0x2007_FFFC),
    "stm32h7a3": (0x08FF_F800, 0x08FF_F80C, 2048, 0x5C00_1000, 0x480, 0x240F_FFFC),
    "stm32l4r5": (0x1FFF_7590, 0x1FFF_75E0, 2048, 0xE004_2000, 0x470, 0x2009_FFFC),
    "stm32u575": (0x0BFA_0700, 0x0BFA_07A0, 2048, 0xE004_4000, 0x482, 0x200B_FFFC),
}


def test_the_chip_says_what_it_is(monitor: Monitor, machine: str) -> None:
    unique, size, kib, debug, device, last = IDENTITY[machine]
    assert b"".join(struct.pack("<I", monitor.read(unique + offset)) for offset in (0, 4, 8)) == UNIQUE_ID
    assert monitor.read(size & ~3) >> 8 * (size & 3) & 0xFFFF == kib
    assert monitor.read(debug) & 0xFFF == device
    monitor.write(last, 0x1234_5678)
    assert monitor.read(last) == 0x1234_5678
    monitor.write(last + 4, 0)
    assert f"write of 4 bytes at 0x{last + 4:08X}, outside the chip's memory map" in monitor.last_words()


# RCC's register of reset causes, and the flags of software, watchdog and power-on resets.
CAUSES = {
    "stm32f446": (0x4002_3874, 28, 29, 27),
    "stm32f767": (0x4002_3874, 28, 29, 27),
    "stm32h7a3": (0x5802_44D0, 24, 26, 23),
    "stm32l4r5": (0x4002_1094, 28, 29, 27),
    "stm32u575": (0x4602_0CF4, 28, 29, 27),
}


def test_reset_causes(monitor: Monitor, machine: str) -> None:
    register, software, watchdog, power = CAUSES[machine]
    remove = {"stm32f446": 24, "stm32f767": 24, "stm32h7a3": 16}.get(machine, 23)
    assert monitor.read(register) >> power & 1
    monitor.set(register, 1 << remove)
    assert not monitor.read(register) >> power & 1
    monitor.write(0xE000_ED0C, 0x05FA_0004)
    assert monitor.read(register) >> software & 1 and monitor.machine.status.resets == 1
    iwdg = next(one.base for one in CHIPS[machine].peripherals if one.kind == "iwdg")
    for offset, value in ((0, 0xCCCC), (0, 0x5555), (8, 7), (0, 0xAAAA)):
        monitor.write(iwdg + offset, value)
    monitor.send(b"s")
    deadline = time.monotonic() + 20
    while monitor.machine.status.watchdog_resets == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert monitor.read(register) >> watchdog & 1


@pytest.mark.parametrize("machine", ["stm32f446", "stm32u575"])
def test_instructions_are_counted_and_right_on_every_core(program: Program, machine: str) -> None:
    with Box(program("count", machine), CHIPS[machine]) as box:
        assert [struct.unpack("<I", box.ask(bytes([piece]), 4))[0] for piece in range(5)] == [4, 4002, 6, 6, 1]
    with Box(program("arithmetic", machine), CHIPS[machine]) as box:
        for a, b in ((0x80000000, 0x80000000), (0x80808080, 0x7F7F7F7F), (0x12345678, 0xFEDCBA98)):
            assert list(struct.unpack("<8I", box.ask(struct.pack("<2I", a, b), 32))) == arithmetic_of(a, b)


def test_the_over_drive_is_not_switched_under_the_pll(program: Program) -> None:
    start = STARTS["stm32f446"]
    slow = {**start.steps, "PLL's settings": (0x4002_3804, 8 | 336 << 6 | 1 << 22 | 2 << 24 | 2 << 28)}
    with Monitor(program("monitor", "stm32f446"), CHIPS["stm32f446"], HSE_HZ) as box:
        do(box, Start(**{**vars(start), "steps": slow}), without="voltage")
        box.write(0x4000_7000, 0xC000 | 3 << 16)
        assert box.last_words().startswith("the over-drive is switched while the PLL is the system clock")


def test_the_h7_is_told_what_supplies_its_core_once_and_first(program: Program) -> None:
    with Monitor(program("monitor", "stm32h7a3"), CHIPS["stm32h7a3"], HSE_HZ) as box:
        assert not box.read(0x5802_4804) >> 13 & 1, "PWR_CSR1.ACTVOSRDY"
        box.write(0x5802_480C, 4)
        assert box.read(0x5802_4804) >> 13 & 1
        box.write(0x5802_480C, 2)
        box.write(0xE000_ED0C, 0x05FA_0004)
        assert box.read(0x5802_480C) & 7 == 4 and box.machine.status.resets == 1
    with Monitor(program("monitor", "stm32h7a3"), CHIPS["stm32h7a3"], HSE_HZ) as box:
        do(box, STARTS["stm32h7a3"], without="supply")
        assert box.last_words().startswith("the voltage scale is changed before PWR_CR3 says what supplies the core")


def test_the_l4_reaches_full_speed_by_way_of_half(program: Program) -> None:
    start = STARTS["stm32l4r5"]
    with Monitor(program("monitor", "stm32l4r5"), CHIPS["stm32l4r5"], HSE_HZ) as box:
        do(box, Start(**{**vars(start), "steps": {n: s for n, s in start.steps.items() if "half" not in n}}))
        assert box.last_words().startswith("the core goes to 120000000 Hz in one step")


def test_the_u5_needs_its_booster(program: Program) -> None:
    start = STARTS["stm32u575"]
    with Monitor(program("monitor", "stm32u575"), CHIPS["stm32u575"], HSE_HZ) as box:
        do(box, Start(**{**vars(start), "steps": {**start.steps, "voltage": (0x4602_080C, 3 << 16)}}))
        assert box.last_words().startswith("core clock of 160000000 Hz at voltage range 1, which allows 55000000 Hz")


def test_a_stack_limit_is_kept(program: Program) -> None:
    """Armv8-M's own guard: the MPU of the Cortex-M33 with a read-only region, as a port may use it."""
    with Monitor(program("monitor", "stm32u575"), CHIPS["stm32u575"]) as box:
        for address, value in (
            (0xE000_ED98, 0),
            (0xE000_ED9C, 0x2000_1000 | 2 << 1),
            (0xE000_EDA0, 0x2000_10E0 | 1),
            (0xE000_ED94, 5),
            (0x2000_1080, 0),
        ):
            box.write(address, value)
        assert box.last_words().startswith("write into 0x20001000 to 0x200010FF, which the MPU forbids")

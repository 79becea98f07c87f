# SPDX-License-Identifier: Apache-2.0
"""The emulator's C: strict warnings, a core that knows no chip, and a family that comes in a folder of its own."""

import ctypes
import os
import re
from pathlib import Path

import pytest
import unicorn

from tinydf.emulator import native

UNICORN = Path(unicorn.__file__).parent
SOURCES = sorted(native.SOURCES.rglob("*.c"))
STRICT = ("-Wconversion", "-Wundef", "-Werror")

COUNTER = """
#include "core/machine.h"

typedef struct {
    uint32_t reads;
} counter_state;

static uint32_t counter_read(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    return ((counter_state *)self->state)->reads++ + offset;
}

static void counter_reset(machine *chip, peripheral *self) {
    (void)chip;
    *(counter_state *)self->state = (counter_state){.reads = 100};
}

static const peripheral_model counter_model = {
    .kind = "made-up-counter", .state_bytes = sizeof(counter_state), .read = counter_read, .reset = counter_reset};
static const peripheral_model *const peripherals[] = {&counter_model, NULL};

__attribute__((constructor)) static void announce(void) {
    static machine_family made_up = {.peripherals = peripherals};
    machine_announce(&made_up);
}
"""


def test_core_includes_no_family() -> None:
    """Nor does one family include another."""
    sources = list(native.SOURCES.rglob("*.[ch]"))
    assert sources
    for source in sources:
        room = source.parent.name
        rooms = re.findall(r'#include "(\w+)/', source.read_text())
        assert set(rooms) <= {"core", room}, source


@pytest.mark.slow
def test_a_family_is_a_folder_of_its_own(tmp_path: Path) -> None:
    """A peripheral that tinydf does not have, and its state, on a Cortex-M4; all of it compiles without a warning."""
    family = tmp_path / "made_up" / "counter.c"
    family.parent.mkdir()
    family.write_text(COUNTER)
    native.compile_machine([*SOURCES, family], UNICORN, tmp_path / "machine.so", STRICT)
    emulator = native.load(tmp_path / "machine.so")
    reader, writer = os.pipe()
    machine = emulator.machine_create(b"cortex-m4", 0, 0x0800_0000, reader)
    assert machine
    assert emulator.machine_add_peripheral(machine, b"NONE", b"unheard-of", 0x4000_1000, 0x400, 0, 0) != 0
    for name, base in ((b"ONE", 0x4000_0000), (b"TWO", 0x4000_0400)):
        assert emulator.machine_add_peripheral(machine, name, b"made-up-counter", base, 0x400, 0, 0) == 0
    assert emulator.machine_start(machine) == 0
    emulator.machine_read_peripheral.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint]
    emulator.machine_read_peripheral.restype = ctypes.c_uint64
    read = [
        emulator.machine_read_peripheral(machine, address, 4) for address in (0x4000_0000, 0x4000_0004, 0x4000_0400)
    ]
    assert read == [100, 105, 100]
    emulator.machine_destroy(machine)
    os.close(reader)
    os.close(writer)


@pytest.mark.slow
def test_a_gate_without_gates_is_refused() -> None:
    """A peripheral whose clock enable bit stands in a peripheral that the chip does not have."""
    emulator = native.library()
    machine = emulator.machine_create(b"cortex-m4", 0, 0x0800_0000, 0)
    assert emulator.machine_add_peripheral(machine, b"GPIOA", b"storage", 0x4000_0000, 0x400, 0x30, 1) == 0
    assert emulator.machine_start(machine) != 0
    emulator.machine_destroy(machine)

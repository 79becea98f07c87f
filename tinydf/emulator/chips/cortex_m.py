# SPDX-License-Identifier: Apache-2.0
"""The Cortex-M cores' own peripherals: what says which core it is (ID registers of the Arm ARMs and TRMs)."""

from collections.abc import Mapping

from tinydf.emulator.chips.chip import Peripheral

CPUID, CCR, CLIDR, CTR, MPU_TYPE = 0xD00, 0xD14, 0xD78, 0xD7C, 0xD90
MVFR0, MVFR1, MVFR2 = 0xF40, 0xF44, 0xF48

_SINGLE = {MVFR0: 0x1011_0021, MVFR1: 0x1100_0011}
_DOUBLE = {MVFR0: 0x1011_0221, MVFR1: 0x1200_0011, MVFR2: 0x40}
_CACHES = {CLIDR: 0x0900_0003, CTR: 0x8303_C003, CCR: 0x0004_0200}

CORTEX_M4 = {CPUID: 0x410F_C241, CCR: 0x200, **_SINGLE}
CORTEX_M7_R1P0 = {CPUID: 0x411F_C270, **_CACHES, **_DOUBLE}
CORTEX_M7_R1P1 = {CPUID: 0x411F_C271, **_CACHES, **_DOUBLE}
CORTEX_M33 = {CPUID: 0x410F_D214, CCR: 0x201, **_SINGLE, MVFR2: 0x40}


def core_peripherals(identity: Mapping[int, int], mpu_regions: int) -> tuple[Peripheral, ...]:
    """The cycle counter and the system control space of a core with that number of MPU regions."""
    return (
        Peripheral("DWT", "dwt", 0xE000_1000, size=0x1000),
        Peripheral("SCS", "scs", 0xE000_E000, size=0x1000, initial={**identity, MPU_TYPE: mpu_regions << 8}),
    )

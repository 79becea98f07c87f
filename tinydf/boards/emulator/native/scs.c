// The core's system control space and its cycle counter (Armv7-M ARM, B3.2 and C1.8; Cortex-M7 TRM, chapters 3 and 4).
// There are no exceptions here: a firmware that asks for interrupts stops.
#include "machine.h"

#include <stdlib.h>
#include <string.h>

enum {
    SYST_CSR = 0x010,
    SYST_RVR = 0x014,
    SYST_CVR = 0x018,
    NVIC_ISER = 0x100,
    NVIC_ISER_END = 0x140,
    CPUID = 0xD00,
    VTOR = 0xD08,
    AIRCR = 0xD0C,
    CCR = 0xD14,
    CFSR = 0xD28,
    HFSR = 0xD2C,
    CLIDR = 0xD78,
    CTR = 0xD7C,
    CCSIDR = 0xD80,
    CSSELR = 0xD84,
    MPU_TYPE = 0xD90,
    MPU_CTRL = 0xD94,
    MPU_RNR = 0xD98,
    MPU_RBAR = 0xD9C,
    MPU_RASR = 0xDA0,
    MPU_END = 0xDBC,
    DEMCR = 0xDFC,
    MVFR0 = 0xF40,
    MVFR1 = 0xF44,
    MVFR2 = 0xF48,
};

#define MPU_REGIONS 16

enum { DWT_CTRL = 0x000, DWT_CYCCNT = 0x004, DWT_LAR = 0xFB0, DWT_LSR = 0xFB4 };

static const struct {
    uint32_t offset, value;
} CONSTANTS[] = {
    {CPUID, 0x411FC271u}, // Cortex-M7 r1p1, as in the STM32H743
    {CCR, 0x00040200u},   // STKALIGN, branch prediction
    {CLIDR, 0x09000003u}, {CTR, 0x8303C003u},   {MPU_TYPE, MPU_REGIONS << 8},
    {MVFR0, 0x10110221u}, {MVFR1, 0x12000011u}, {MVFR2, 0x00000040u},
};

// MPU region n keeps its RBAR and RASR in the space behind the registers that software sees.
static uint32_t *region_base(peripheral *self, uint32_t region) {
    return &self->registers[0x800 / 4 + 2 * region];
}

static uint32_t *region_attributes(peripheral *self, uint32_t region) {
    return &self->registers[0x800 / 4 + 2 * region + 1];
}

static uint32_t systick_value(const machine *chip, const peripheral *self) {
    uint64_t period = (uint64_t)(self->registers[SYST_RVR / 4] & 0xFFFFFFu) + 1;
    return (uint32_t)(period - 1 - (machine_ticks(chip) - chip->systick_base) % period);
}

static uint32_t systick_control(machine *chip, peripheral *self) {
    uint64_t period = (uint64_t)(self->registers[SYST_RVR / 4] & 0xFFFFFFu) + 1;
    uint64_t elapsed = machine_ticks(chip) - chip->systick_base;
    uint32_t control = self->registers[SYST_CSR / 4];
    if ((control & 1) == 0 || elapsed < period)
        return control;
    chip->systick_base += elapsed / period * period; // COUNTFLAG is cleared by reading it
    return control | 1u << 16;
}

static uint32_t scs_read(machine *chip, peripheral *self, uint32_t offset) {
    switch (offset) {
    case SYST_CSR:
        return systick_control(chip, self);
    case SYST_CVR:
        return self->registers[SYST_CSR / 4] & 1 ? systick_value(chip, self) : 0;
    case AIRCR:
        return 0xFA050000u | (self->registers[AIRCR / 4] & 0x700u);
    case CCSIDR: // 16 kB each: data 4 ways of 128 sets, instructions 2 ways of 256 sets, lines of 32 bytes
        return self->registers[CSSELR / 4] & 1 ? 0xF01FE009u : 0xF00FE019u;
    case MPU_RBAR:
        return *region_base(self, self->registers[MPU_RNR / 4] & 15);
    case MPU_RASR:
        return *region_attributes(self, self->registers[MPU_RNR / 4] & 15);
    default:
        return self->registers[offset / 4];
    }
}

static void drop_guards(machine *chip) {
    for (uint32_t index = 0; index < chip->guard_count; index++)
        free(chip->guards[index].copy);
    chip->guard_count = 0;
}

// Region n is [base, base + 2^(SIZE + 1)) and forbids access if AP is 0 (Armv7-M ARM, B3.5.9).
static void add_guard(machine *chip, peripheral *self, uint32_t region) {
    uint32_t attributes = *region_attributes(self, region);
    uint32_t exponent = ((attributes >> 1) & 31) + 1;
    if ((attributes & 1) == 0 || ((attributes >> 24) & 7) != 0 || exponent < 5 || exponent > 16)
        return;
    uint32_t size = 1u << exponent;
    uint32_t origin = *region_base(self, region) & ~(size - 1);
    const uint8_t *live = machine_bytes(chip, origin, size);
    uint8_t *copy = live ? malloc(size) : NULL;
    if (copy == NULL)
        return;
    memcpy(copy, live, size);
    chip->guards[chip->guard_count++] = (guard){live, copy, origin, size};
}

static void take_guards(machine *chip, peripheral *self) {
    drop_guards(chip);
    if ((self->registers[MPU_CTRL / 4] & 1) == 0)
        return;
    for (uint32_t region = 0; region < MPU_REGIONS; region++)
        add_guard(chip, self, region);
}

void mpu_service(machine *chip) {
    for (uint32_t index = 0; index < chip->guard_count; index++) {
        const guard *one = &chip->guards[index];
        if (memcmp(one->live, one->copy, one->size) != 0)
            machine_fail(chip, "write into 0x%08X to 0x%08X, which the MPU forbids (the stack guard?)", one->origin,
                         one->origin + one->size - 1);
    }
}

// RBAR with VALID selects its region too; the aliases at DA4 to DB8 are RBAR and RASR again.
static void mpu_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    uint32_t *selected = &self->registers[MPU_RNR / 4];
    bool is_base = (offset - MPU_RBAR) % 8 == 0;
    if (is_base && value & 1u << 4)
        *selected = value & 15;
    if (is_base)
        *region_base(self, *selected & 15) = (value & ~31u) | (*selected & 15);
    else
        *region_attributes(self, *selected & 15) = value;
    take_guards(chip, self);
}

static void scs_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    if (offset >= NVIC_ISER && offset < NVIC_ISER_END && value != 0) {
        machine_fail(chip, "interrupt enabled in NVIC_ISER%u: interrupts are not emulated", (offset - NVIC_ISER) / 4);
        return;
    }
    if (offset >= MPU_RBAR && offset < MPU_END) {
        mpu_write(chip, self, offset, value);
        return;
    }
    for (size_t index = 0; index < sizeof CONSTANTS / sizeof *CONSTANTS; index++)
        if (CONSTANTS[index].offset == offset && offset != CCR)
            return;
    switch (offset) {
    case SYST_CSR:
        if (value & 2)
            machine_fail(chip, "SysTick interrupt enabled: interrupts are not emulated");
        if (value & 1 && (self->registers[SYST_CSR / 4] & 1) == 0)
            chip->systick_base = machine_ticks(chip);
        self->registers[SYST_CSR / 4] = value & 7;
        return;
    case SYST_CVR:
        chip->systick_base = machine_ticks(chip);
        return;
    case AIRCR:
        if (value >> 16 != 0x05FA) // the key (Armv7-M ARM, B3.2.6)
            return;
        self->registers[AIRCR / 4] = value & 0x700u;
        if (value & 1u << 2)
            machine_request_reset(chip, 1u << 24); // RCC_RSR.SFTRSTF
        return;
    case CFSR:
    case HFSR:
        self->registers[offset / 4] &= ~value; // written ones clear
        return;
    case CCSIDR:
        return;
    case MPU_CTRL:
        self->registers[MPU_CTRL / 4] = value;
        take_guards(chip, self);
        return;
    default:
        self->registers[offset / 4] = value;
    }
}

static void scs_reset(machine *chip, peripheral *self) {
    memset(self->registers, 0, self->size);
    for (size_t index = 0; index < sizeof CONSTANTS / sizeof *CONSTANTS; index++)
        self->registers[CONSTANTS[index].offset / 4] = CONSTANTS[index].value;
    self->registers[VTOR / 4] = chip->boot_address;
    chip->systick_base = machine_ticks(chip);
    drop_guards(chip);
}

static bool counter_runs(machine *chip, const peripheral *self) {
    const peripheral *control = machine_peripheral(chip, 0xE000E000u + DEMCR);
    bool trace = control && control->registers[DEMCR / 4] & 1u << 24; // TRCENA
    return trace && self->registers[DWT_CTRL / 4] & 1;
}

// CYCCNT counts instructions here, those of the running block up to the load that reads it included.
static uint32_t counter_now(machine *chip, const peripheral *self, bool precise) {
    if (!counter_runs(chip, self))
        return self->registers[DWT_CYCCNT / 4];
    uint64_t ticks = machine_ticks(chip) + (precise ? count_before_load(chip, self->base + DWT_CYCCNT) : 0);
    return (uint32_t)(ticks - chip->counter_base);
}

static uint32_t dwt_read(machine *chip, peripheral *self, uint32_t offset) {
    if (offset == DWT_CYCCNT)
        return counter_now(chip, self, true);
    if (offset == DWT_LSR)
        return chip->counter_unlocked ? 1 : 3;
    return self->registers[offset / 4];
}

static void dwt_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    if (offset == DWT_LAR) {
        chip->counter_unlocked = value == 0xC5ACCE55u;
        return;
    }
    if (!chip->counter_unlocked)
        return; // writes by software are ignored until then (CoreSight lock; Cortex-M7 TRM, 9.3)
    uint32_t count = offset == DWT_CYCCNT ? value : counter_now(chip, self, false);
    self->registers[offset / 4] = value;
    self->registers[DWT_CYCCNT / 4] = count;
    chip->counter_base = machine_ticks(chip) - count;
}

static void dwt_reset(machine *chip, peripheral *self) {
    memset(self->registers, 0, self->size);
    self->registers[DWT_CTRL / 4] = 0x40000000u; // four comparators
    chip->counter_unlocked = false;
    chip->counter_read_at = UINT64_MAX;
    chip->counter_base = machine_ticks(chip);
}

const peripheral_model scs_model = {"scs", scs_read, scs_write, scs_reset};
const peripheral_model dwt_model = {"dwt", dwt_read, dwt_write, dwt_reset};

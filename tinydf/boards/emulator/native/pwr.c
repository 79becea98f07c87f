// Power control and the parts of SYSCFG and the flash interface that go with it (RM0433, chapters 6, 12 and 4): the
// supply is always good, and a voltage scale is reached as soon as it is asked for.
#include "machine.h"

#include <string.h>

enum { PWR_CR1 = 0x00, PWR_CSR1 = 0x04, PWR_CR3 = 0x0C, PWR_D3CR = 0x18 };
enum { SYSCFG_CCCSR = 0x20, SYSCFG_PWRCR = 0x2C };
enum { FLASH_ACR = 0x00 };

#define READY       (1u << 13) // PWR_CSR1.ACTVOSRDY and PWR_D3CR.VOSRDY
#define VOS         (3u << 14)
#define VOS_SCALE_3 (1u << 14)

static uint32_t pwr_read(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    if (offset == PWR_CSR1)
        return READY | (self->registers[PWR_D3CR / 4] & VOS);
    if (offset == PWR_D3CR)
        return self->registers[PWR_D3CR / 4] | READY;
    return self->registers[offset / 4];
}

static void pwr_reset(machine *chip, peripheral *self) {
    (void)chip;
    memset(self->registers, 0, self->size);
    self->registers[PWR_CR1 / 4] = 0xF000C000u;
    self->registers[PWR_CR3 / 4] = 0x00000006u;
    self->registers[PWR_D3CR / 4] = VOS_SCALE_3;
}

static uint32_t syscfg_read(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    uint32_t value = self->registers[offset / 4];
    return offset == SYSCFG_CCCSR ? value | (value & 1u) << 8 : value; // READY follows EN
}

static void flash_reset(machine *chip, peripheral *self) {
    (void)chip;
    memset(self->registers, 0, self->size);
    self->registers[FLASH_ACR / 4] = 0x00000037u;
}

const peripheral_model pwr_model = {"pwr", pwr_read, NULL, pwr_reset};
const peripheral_model syscfg_model = {"syscfg", syscfg_read, NULL, NULL};
const peripheral_model flash_model = {"flash", NULL, NULL, flash_reset};

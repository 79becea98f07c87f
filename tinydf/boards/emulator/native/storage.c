// Peripherals whose registers the firmware writes and reads back, and nothing more (GPIO), or little more.
#include "machine.h"

#include <string.h>

#define DBGMCU_IDC_REVISION_V 0x20036450u // RM0433, 60.5.8

static void dbgmcu_reset(machine *chip, peripheral *self) {
    (void)chip;
    memset(self->registers, 0, self->size);
    self->registers[0] = DBGMCU_IDC_REVISION_V;
}

const peripheral_model storage_model = {.kind = "storage"};
const peripheral_model dbgmcu_model = {.kind = "dbgmcu", .reset = dbgmcu_reset};

/* SPDX-License-Identifier: Apache-2.0 */
// Reads and writes registers for the host: 'r' and an address, answered by the word there; 'w', an address and a value;
// 's' spins for ever.
#include "chip.h"

_Noreturn void reset_handler(void) {
    serial_start();
    for (;;) {
        uint8_t what = serial_get();
        while (what == 's')
            __asm volatile("nop");
        uint32_t address = serial_get_word();
        if (what == 'r')
            serial_put_word(REGISTER(address));
        if (what == 'w')
            REGISTER(address) = serial_get_word();
    }
}

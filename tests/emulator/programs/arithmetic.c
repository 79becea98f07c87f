/* SPDX-License-Identifier: Apache-2.0 */
// DSP, single and double precision instructions on operands from the host; sends the results.
#include "chip.h"

#define DSP(instruction)                                                                                               \
    ({                                                                                                                 \
        uint32_t result;                                                                                               \
        __asm volatile(instruction " %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));                                     \
        result;                                                                                                        \
    })

static uint32_t bits_of(float value) {
    union {
        float value;
        uint32_t bits;
    } both = {.value = value};
    return both.bits;
}

_Noreturn void reset_handler(void) {
    SCB_CPACR |= 0xFu << 20;
    __asm volatile("dsb\n isb");
    serial_start();
    for (;;) {
        uint32_t a = serial_get_word();
        uint32_t b = serial_get_word();
        uint32_t accumulated;
        __asm volatile("smlad %0, %1, %2, %1" : "=r"(accumulated) : "r"(a), "r"(b));
        serial_put_word(accumulated);
        serial_put_word(DSP("qadd"));
        serial_put_word(DSP("qadd8"));
        serial_put_word(DSP("smmul"));
        serial_put_word(DSP("usub16"));
        uint32_t extended;
        __asm volatile("sxtb16 %0, %1, ror #8" : "=r"(extended) : "r"(a));
        serial_put_word(extended);
        serial_put_word(bits_of((float)(int32_t)a * 0.75f + (float)(int32_t)b));
        volatile double quotient = (double)(int32_t)a / ((double)(int32_t)b + 0.5);
        serial_put_word((uint32_t)(int32_t)(quotient * 1000.0));
    }
}

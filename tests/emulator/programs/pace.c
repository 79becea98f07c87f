/* SPDX-License-Identifier: Apache-2.0 */
// Runs the kind of loop that an inference is made of, for so many rounds as the host asks; sends the ticks.
#include "chip.h"

#define TAPS 64

int8_t input[TAPS], weights[TAPS]; // not static: what is in them is not known

__attribute__((noinline)) static int32_t dot(void) {
    int32_t sum = 0;
    for (int index = 0; index < TAPS; index++)
        sum += input[index] * weights[index];
    return sum;
}

_Noreturn void reset_handler(void) {
    serial_start();
    counter_start();
    for (;;) {
        uint32_t rounds = serial_get() * 500u;
        uint32_t before = DWT_CYCCNT;
        for (uint32_t round = 0; round < rounds; round++)
            input[round % TAPS] = (int8_t)(dot() + (int32_t)round);
        serial_put_word(DWT_CYCCNT - before);
    }
}

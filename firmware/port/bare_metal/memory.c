/* SPDX-License-Identifier: Apache-2.0 */
#include "port/bare_metal/memory.h"

#include "port/port.h"

#define STACK_PAINT  0xC0DEFACEu
#define WORDS_OF_OWN 16 // below the stack pointer, for the calls made from here

extern uint32_t hot_start[], hot_end[], hot_load[];
extern uint32_t data_start[], data_end[], data_load[];
extern uint32_t bss_start[], bss_end[];
extern uint32_t arena_start[], arena_end[];

static void copy_words(uint32_t *to, const uint32_t *end, const uint32_t *from) {
    while (to < end) {
        *to++ = *from++;
    }
}

static void fill_words(uint32_t *to, const uint32_t *end, uint32_t word) {
    while (to < end) {
        *to++ = word;
    }
}

// noinline: the stack pointer read here is below all that the caller has on the stack. Whole words everywhere, also
// where nobody will look: a memory with ECC must be written before it is read or written in part (ST AN5342).
__attribute__((noinline)) void memory_prepare(void) {
    copy_words(hot_start, hot_end, hot_load);
    copy_words(data_start, data_end, data_load);
    fill_words(bss_start, bss_end, 0);
    fill_words(arena_start, arena_end, 0);
    register const uint32_t *in_use __asm("sp");
    fill_words(stack_guard_start, in_use - WORDS_OF_OWN, STACK_PAINT);
}

uint32_t port_peak_stack(void) {
    const volatile uint32_t *word = stack_bottom;
    while (word < stack_top && *word == STACK_PAINT) {
        word++;
    }
    return (uint32_t)(stack_top - word) * (uint32_t)sizeof *word;
}

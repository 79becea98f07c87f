/* SPDX-License-Identifier: Apache-2.0 */
#include "app/arena.h"

#include <string.h>

#define LINE_BYTES 32 // of the Cortex-M7's data cache: the arena's lines are its own
#define GUARD      0xA5

#ifndef TINYDF_ARENA_SECTION
#define TINYDF_ARENA_SECTION
#endif

// A line of guard bytes, the arena, and guard bytes from its very end to the end of the next line.
#define END_BYTES (LINE_BYTES + (LINE_BYTES - ARENA_BYTES % LINE_BYTES) % LINE_BYTES)

static TINYDF_ARENA_SECTION _Alignas(LINE_BYTES) uint8_t memory[LINE_BYTES + ARENA_BYTES + END_BYTES];
static uint32_t arena_bytes; // of memory, after the first line

uint8_t *arena_prepare(uint32_t size) {
    arena_bytes = size;
    memset(memory, GUARD, LINE_BYTES);
    memset(memory + LINE_BYTES + size, GUARD, END_BYTES);
    return memory + LINE_BYTES;
}

static bool is_guard(const volatile uint8_t *bytes, uint32_t count) {
    // Volatile: the engine may have written here in ways the compiler rules out.
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] != GUARD) {
            return false;
        }
    }
    return true;
}

bool arena_intact(void) {
    return is_guard(memory, LINE_BYTES) && is_guard(memory + LINE_BYTES + arena_bytes, END_BYTES);
}

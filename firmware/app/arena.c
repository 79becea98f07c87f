#include "app/arena.h"

#define LINE_BYTES  32 // of the Cortex-M7's data cache: the arena's lines are its own
#define GUARD_WORDS (LINE_BYTES / 4)
#define GUARD       0xA5C3E17Bu

#ifndef TINYDF_ARENA_SECTION
#define TINYDF_ARENA_SECTION
#endif

static TINYDF_ARENA_SECTION _Alignas(LINE_BYTES) struct {
    uint32_t before[GUARD_WORDS];
    uint8_t bytes[(ARENA_BYTES + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES];
    uint32_t after[GUARD_WORDS];
} arena;

uint8_t *arena_prepare(void) {
    for (unsigned i = 0; i < GUARD_WORDS; i++) {
        arena.before[i] = GUARD;
        arena.after[i] = GUARD;
    }
    return arena.bytes;
}

bool arena_intact(void) {
    for (unsigned i = 0; i < GUARD_WORDS; i++) {
        // Volatile: the engine may have written here in ways the compiler rules out.
        if (((volatile uint32_t *)arena.before)[i] != GUARD || ((volatile uint32_t *)arena.after)[i] != GUARD) {
            return false;
        }
    }
    return true;
}

// Around a compiled model on the host: an arena, and a loop over a batch (host.py beside this file).
#include <stdlib.h>
#include <string.h>

#include "engine.h"

// Gives the engine an arena of exactly the size it asks for.
int host_create(void);

// That arena.
uint8_t *host_arena(void);

// Runs `count` inputs, one after the other.
void host_run(const int8_t *inputs, int8_t *outputs, size_t count);

static uint8_t *arena;

uint8_t *host_arena(void) {
    return arena;
}

int host_create(void) {
    const size_t needed = engine_describe()->arena_bytes;
    const size_t rounded = (needed + ENGINE_ARENA_ALIGNMENT - 1) / ENGINE_ARENA_ALIGNMENT * ENGINE_ARENA_ALIGNMENT;
    arena = aligned_alloc(ENGINE_ARENA_ALIGNMENT, rounded);
    return arena == NULL ? -1 : (int)engine_init(arena, needed);
}

void host_run(const int8_t *inputs, int8_t *outputs, size_t count) {
    const engine_description *d = engine_describe();
    for (size_t i = 0; i < count; i++) {
        memcpy(engine_input(), inputs + i * d->input.bytes, d->input.bytes);
        engine_invoke();
        memcpy(outputs + i * d->output.bytes, engine_output(), d->output.bytes);
    }
}

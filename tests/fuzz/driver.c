/* SPDX-License-Identifier: Apache-2.0 */
// Runs a compiled model over inputs from standard input, in an arena of exactly the size it asks for, so that the
// sanitizers see every byte outside it.
#include <stdio.h>
#include <stdlib.h>

#include "engine/engine.h"

int main(void) {
    const engine_description *d = engine_describe();
    const size_t rounded = (d->arena_bytes + 15u) / 16u * 16u;
    uint8_t *block = aligned_alloc(16, rounded);
    // The sanitizer guards the end of the block; the arena ends there, as near as its alignment lets it.
    if (engine_invoke() != ENGINE_NOT_INITIALISED || engine_init(block + 1, rounded) != ENGINE_ARENA_UNALIGNED ||
        engine_init(block, d->arena_bytes - 1) != ENGINE_ARENA_TOO_SMALL ||
        engine_init(block, d->arena_bytes) != ENGINE_OK) {
        return 1;
    }
    while (fread(engine_input(), 1, d->input.bytes, stdin) == d->input.bytes) {
        if (engine_invoke() != ENGINE_OK || fwrite(engine_output(), 1, d->output.bytes, stdout) != d->output.bytes) {
            return 2;
        }
    }
    free(block);
    return 0;
}

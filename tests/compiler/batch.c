/* SPDX-License-Identifier: Apache-2.0 */
// Runs the models of `models` one after the other, each over the inputs that come for it from standard input (their
// number as a uint32_t, then the bytes), in an arena of exactly the size that it asks for, filled with rubbish.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, bytes)
#endif

static int run(const tdf_model *model) {
    uint32_t count;
    if (fread(&count, sizeof count, 1, stdin) != 1) {
        return 0;
    }
    // What alignment adds behind the arena is no part of it.
    const size_t bytes = model->arena_bytes;
    const size_t rounded = (bytes + TDF_ARENA_ALIGNMENT - 1) / TDF_ARENA_ALIGNMENT * TDF_ARENA_ALIGNMENT;
    uint8_t *arena = aligned_alloc(TDF_ARENA_ALIGNMENT, rounded);
    if (arena == NULL) {
        return 0;
    }
    memset(arena, 0xa5, rounded);
    ASAN_POISON_MEMORY_REGION(arena + bytes, rounded - bytes);
    for (uint32_t i = 0; i < count; i++) {
        if (fread(tdf_input(model, arena), model->input.bytes, 1, stdin) != 1) {
            return 0;
        }
        tdf_run(model, arena);
        if (fwrite(tdf_output(model, arena), model->output.bytes, 1, stdout) != 1) {
            return 0;
        }
    }
    free(arena);
    return 1;
}

int main(void) {
    for (size_t k = 0; k < sizeof models / sizeof models[0]; k++) {
        if (!run(models[k])) {
            return 1;
        }
    }
    return 0;
}

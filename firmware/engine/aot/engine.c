/* SPDX-License-Identifier: Apache-2.0 */
// engine.h over a compiled model: the firmware's one arena, and a clock around each layer.
#include "engine/engine.h"

#include <string.h>

#include "tdf_model.h"

_Static_assert(ENGINE_MAX_RANK == TDF_MAX_RANK && ENGINE_SHA256_BYTES == TDF_SHA256_BYTES, "one description");
_Static_assert(ENGINE_ARENA_ALIGNMENT == TDF_ARENA_ALIGNMENT, "one alignment");

// Of the export directory's model_aot.c.
extern const tdf_model model_aot;

static engine_description description;
static uint8_t *arena; // NULL until engine_init has succeeded

static engine_tensor described(const tdf_tensor *tensor) {
    engine_tensor edge = {
        .rank = tensor->rank, .scale = tensor->scale, .zero_point = tensor->zero_point, .bytes = tensor->bytes};
    memcpy(edge.shape, tensor->shape, sizeof edge.shape);
    return edge;
}

const engine_description *engine_describe(void) {
    if (description.engine == NULL) {
        description = (engine_description){
            .engine = "aot",
            .input = described(&model_aot.input),
            .output = described(&model_aot.output),
            .arena_bytes = model_aot.arena_bytes,
            .threshold_steps = model_aot.threshold_steps,
            .layer_count = model_aot.layer_count,
            .layer_names = model_aot.layer_names,
        };
        memcpy(description.model_sha256, model_aot.sha256, sizeof description.model_sha256);
    }
    return &description;
}

engine_status engine_init(uint8_t *memory, size_t size) {
    if (size < model_aot.arena_bytes) {
        return ENGINE_ARENA_TOO_SMALL;
    }
    if ((uintptr_t)memory % ENGINE_ARENA_ALIGNMENT != 0) {
        return ENGINE_ARENA_UNALIGNED;
    }
    arena = memory;
    return ENGINE_OK;
}

int8_t *engine_input(void) {
    return tdf_input(&model_aot, arena);
}

const int8_t *engine_output(void) {
    return tdf_output(&model_aot, arena);
}

engine_status engine_invoke(void) {
    if (arena == NULL) {
        return ENGINE_NOT_INITIALISED;
    }
    tdf_run(&model_aot, arena);
    return ENGINE_OK;
}

engine_status engine_profile(engine_clock clock, uint32_t *layer_ticks) {
    if (arena == NULL) {
        return ENGINE_NOT_INITIALISED;
    }
    for (uint32_t k = 0; k < model_aot.layer_count; k++) {
        const uint32_t start = clock();
        model_aot.layers[k](arena);
        layer_ticks[k] = clock() - start;
    }
    return ENGINE_OK;
}

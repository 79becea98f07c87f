/* SPDX-License-Identifier: Apache-2.0 */
// An engine of two models that run in one arena, one after the other: its input is both of theirs, and so its output.
#include "engine/engine.h"

#include <string.h>

#include "first_model.h"
#include "second_model.h"

static int8_t input[FIRST_MODEL_INPUT_BYTES + SECOND_MODEL_INPUT_BYTES];
static int8_t output[FIRST_MODEL_OUTPUT_BYTES + SECOND_MODEL_OUTPUT_BYTES];
static uint8_t *arena;

static const engine_description description = {
    .engine = "aot",
    .input = {.rank = 1, .shape = {sizeof input}, .scale = 1, .bytes = sizeof input},
    .output = {.rank = 1, .shape = {sizeof output}, .scale = 1, .bytes = sizeof output},
};

const engine_description *engine_describe(void) {
    return &description;
}

engine_status engine_init(uint8_t *memory, size_t size) {
    arena = memory;
    return size < FIRST_MODEL_ARENA_BYTES || size < SECOND_MODEL_ARENA_BYTES ? ENGINE_ARENA_TOO_SMALL : ENGINE_OK;
}

int8_t *engine_input(void) {
    return input;
}

const int8_t *engine_output(void) {
    return output;
}

static void run(const tdf_model *model, const int8_t *given, int8_t *result) {
    memcpy(tdf_input(model, arena), given, model->input.bytes);
    tdf_run(model, arena);
    memcpy(result, tdf_output(model, arena), model->output.bytes);
}

engine_status engine_invoke(void) {
    run(&first_model, input, output);
    run(&second_model, input + FIRST_MODEL_INPUT_BYTES, output + FIRST_MODEL_OUTPUT_BYTES);
    return ENGINE_OK;
}

engine_status engine_profile(engine_clock clock, uint32_t *layer_ticks) {
    (void)clock;
    (void)layer_ticks;
    return engine_invoke();
}

/* SPDX-License-Identifier: Apache-2.0 */
// Runs a compiled model on the host (engine.py beside this file).
#include <stddef.h>
#include <string.h>

#include "tdf_model.h"

// Runs `count` inputs, one after the other, in an arena of the model's size.
void host_run(const tdf_model *model, uint8_t *arena, const int8_t *inputs, int8_t *outputs, size_t count);

// Runs one layer.
void host_run_layer(const tdf_model *model, uint8_t *arena, uint32_t layer);

void host_run(const tdf_model *model, uint8_t *arena, const int8_t *inputs, int8_t *outputs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        memcpy(tdf_input(model, arena), inputs + i * model->input.bytes, model->input.bytes);
        tdf_run(model, arena);
        memcpy(outputs + i * model->output.bytes, tdf_output(model, arena), model->output.bytes);
    }
}

void host_run_layer(const tdf_model *model, uint8_t *arena, uint32_t layer) {
    model->layers[layer](arena);
}

/* SPDX-License-Identifier: Apache-2.0 */
// A compiled model: a constant that the generated code defines, and an arena that the caller gives. Nothing else holds
// state, so several models may share one arena in turn, and one model may run in several threads, each with an arena
// of its own.
#ifndef TINYDF_MODEL_H
#define TINYDF_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Of the structs below. Generated code refuses a header of another version.
#define TDF_MODEL_VERSION 1

#define TDF_MAX_RANK        4
#define TDF_SHA256_BYTES    32
#define TDF_ARENA_ALIGNMENT 16

// Declares an arena, e.g. static TDF_ARENA(arena, KWS_MODEL_ARENA_BYTES);
#define TDF_ARENA(name, bytes) uint8_t name[bytes] __attribute__((aligned(TDF_ARENA_ALIGNMENT)))

// An int8 tensor at the model's edge: real = (value - zero_point) * scale.
typedef struct {
    uint8_t rank;
    uint16_t shape[TDF_MAX_RANK]; // NHWC, the batch of 1 included
    float scale;
    int8_t zero_point;
    uint32_t bytes;
} tdf_tensor;

// Runs one layer in the arena.
typedef void (*tdf_layer)(uint8_t *arena);

// All of it lives in flash.
typedef struct {
    const char *name;
    uint8_t sha256[TDF_SHA256_BYTES]; // of the .tflite
    tdf_tensor input;
    tdf_tensor output;
    uint32_t input_offset; // bytes into the arena
    uint32_t output_offset;
    uint32_t arena_bytes;           // exactly; aligned to TDF_ARENA_ALIGNMENT
    int16_t threshold_steps;        // "fake" if output[1] - output[0] is greater
    uint16_t layer_count;           // of the two that follow
    const tdf_layer *layers;        // in the order in which they run
    const char *const *layer_names; // index, operator and name of each
} tdf_model;

// Where the input goes: model->input.bytes bytes, NHWC. A run may overwrite it.
static inline int8_t *tdf_input(const tdf_model *model, uint8_t *arena) {
    return (int8_t *)(arena + model->input_offset);
}

// Runs the model once, in an arena of model->arena_bytes bytes.
static inline void tdf_run(const tdf_model *model, uint8_t *arena) {
    for (uint32_t k = 0; k < model->layer_count; k++) {
        model->layers[k](arena);
    }
}

// The result of the last run: model->output.bytes bytes, until the arena is written to.
static inline const int8_t *tdf_output(const tdf_model *model, const uint8_t *arena) {
    return (const int8_t *)(arena + model->output_offset);
}

// Index of the largest output of the last run, the first of equals: a classifier's verdict.
static inline uint32_t tdf_largest(const tdf_model *model, const uint8_t *arena) {
    const int8_t *output = tdf_output(model, arena);
    uint32_t largest = 0;
    for (uint32_t k = 1; k < model->output.bytes; k++) {
        largest = output[k] > output[largest] ? k : largest;
    }
    return largest;
}

// 1 if the last run's verdict is "fake", else 0: a detector's verdict, which has two outputs.
static inline int tdf_is_fake(const tdf_model *model, const uint8_t *arena) {
    const int8_t *output = tdf_output(model, arena);
    return output[1] - output[0] > model->threshold_steps;
}

#ifdef __cplusplus
}
#endif

#endif

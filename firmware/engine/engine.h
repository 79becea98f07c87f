/* SPDX-License-Identifier: Apache-2.0 */
// The contract between the application and an inference engine (aot/ or tflm/). The application, the link and the
// ports include this header and nothing else of an engine.
#ifndef TINYDF_ENGINE_H
#define TINYDF_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENGINE_MAX_RANK     4
#define ENGINE_SHA256_BYTES 32

typedef enum {
    ENGINE_OK = 0,
    ENGINE_ARENA_TOO_SMALL = 1, // engine_init was given fewer than arena_bytes
    ENGINE_ARENA_UNALIGNED = 2, // the arena does not start at a multiple of ENGINE_ARENA_ALIGNMENT
    ENGINE_NOT_INITIALISED = 3, // engine_init has not succeeded yet
    ENGINE_MODEL_INVALID = 4,   // the model's bytes were refused (tflm only)
    ENGINE_INVOKE_FAILED = 5,   // an operator reported failure (tflm only)
    // All of tflm only:
    ENGINE_OPERATOR_MISSING = 6,  // the resolver has none of that kind
    ENGINE_OPERATOR_REFUSED = 7,  // a kernel does not take its operator's types, shapes or options
    ENGINE_SCHEMA_VERSION = 8,    // the library reads another version of the .tflite
    ENGINE_ALLOCATION_FAILED = 9, // AllocateTensors failed and did not say why: a library without messages
    ENGINE_ASSERTION_FAILED = 10, // the library stopped; engine_init starts it again
} engine_status;                  // tinydf/link/wire.py has their meaning for the host

#define ENGINE_ARENA_ALIGNMENT 16

// An int8 tensor at the model's edge: real = (value - zero_point) * scale.
typedef struct {
    uint8_t rank;
    uint16_t shape[ENGINE_MAX_RANK]; // NHWC, the batch of 1 included
    float scale;
    int8_t zero_point;
    uint32_t bytes;
} engine_tensor;

// What is known of the model before it runs, and of the engine since it last ran.
typedef struct {
    const char *engine;                        // "aot" or "tflm"
    uint8_t model_sha256[ENGINE_SHA256_BYTES]; // of the .tflite
    engine_tensor input;
    engine_tensor output;
    uint32_t arena_bytes;           // what engine_init needs, exactly (aot) or at least (tflm)
    int16_t threshold_steps;        // "fake" if output[1] - output[0], mean over the crops, is greater
    uint16_t layer_count;           // 0 if the engine cannot time its layers
    const char *const *layer_names; // layer_count names
    const char *library;            // what the engine was linked with, or NULL
    uint8_t library_sha256[ENGINE_SHA256_BYTES];
    const char *message; // what the engine said of its last failure in printable ASCII, "" or NULL
    uint32_t arena_used; // bytes that engine_init took, or would need if the arena is too small; 0 is not known
} engine_description;

// Reads a free-running counter that counts up and wraps at 2^32.
typedef uint32_t (*engine_clock)(void);

const engine_description *engine_describe(void);

// Gives the engine its memory: `arena` must stay valid, and be aligned to ENGINE_ARENA_ALIGNMENT. To be called before
// all that follows; called again, it starts the engine again.
engine_status engine_init(uint8_t *arena, size_t size);

// Where the input goes: engine_describe()->input.bytes bytes, NHWC. engine_invoke may overwrite it.
int8_t *engine_input(void);

// Runs the model once.
engine_status engine_invoke(void);

// Runs the model once, and stores what each layer took, in ticks of `clock`, in layer_ticks[layer_count].
engine_status engine_profile(engine_clock clock, uint32_t *layer_ticks);

// The result of the last run: engine_describe()->output.bytes bytes. Valid until the next write to the input.
const int8_t *engine_output(void);

#ifdef __cplusplus
}
#endif

#endif

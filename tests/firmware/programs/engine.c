/* SPDX-License-Identifier: Apache-2.0 */
// An engine for tests of the link and the application: small, quick, and able to fail on demand.
//
// Output: [0] and [1] sum the input's even and odd bytes; [2] counts runs, so that a test sees an inference done twice.
//
//     TEST_LAYERS      how many layers it has, to test the pages of a profile
//     TEST_STATUS      what engine_init answers
//     TEST_OVERRUN     write one byte past the arena (n > 0) or before it (n < 0)
//     TEST_DEEP        bytes of stack that a run takes
//     TEST_HANG        run number that never ends
//     TEST_LARGE       bytes of hot code that it has beside its own
#include <stddef.h>

#include "engine/engine.h"

#define INPUT_BYTES 2500 // three chunks
#define ARENA_SIZE  2560

#ifndef TEST_LAYERS
#define TEST_LAYERS 3
#endif
#ifndef TEST_STATUS
#define TEST_STATUS ENGINE_OK
#endif
#ifndef TEST_OVERRUN
#define TEST_OVERRUN 0
#endif
#ifndef TEST_DEEP
#define TEST_DEEP 1
#endif
#ifndef TEST_HANG
#define TEST_HANG 0
#endif
#ifndef TDF_HOT
#define TDF_HOT
#endif

#ifdef TEST_LARGE
#define TEXT(number)  #number
#define SPACE(number) ".space " TEXT(number) "\n"
__asm(".pushsection .hot, \"ax\"\n" SPACE(TEST_LARGE) ".popsection");
#endif

static uint8_t *memory;
static int8_t output[3];

static const char *const names[] = {"first", "second", "third"};
static const engine_description description = {
    .engine = "aot",
    .model_sha256 = {0xAA, 0, 0xBB},
    .input = {.rank = 4, .shape = {1, 50, 50, 1}, .scale = 0.5f, .zero_point = -128, .bytes = INPUT_BYTES},
    .output = {.rank = 2, .shape = {1, 3}, .scale = 0.25f, .zero_point = 7, .bytes = sizeof output},
    .arena_bytes = ARENA_SIZE,
    .threshold_steps = 5,
    .layer_count = TEST_LAYERS,
    .layer_names = names,
    .library = "a library",
    .library_sha256 = {0x11, 0, 0x22},
    .message = "what it said",
    .arena_used = ARENA_SIZE,
};

const engine_description *engine_describe(void) {
    return &description;
}

engine_status engine_init(uint8_t *arena, size_t size) {
    memory = arena;
    return size < ARENA_SIZE ? ENGINE_ARENA_TOO_SMALL : TEST_STATUS;
}

int8_t *engine_input(void) {
    return (int8_t *)memory;
}

static __attribute__((noinline)) void use_stack(void) {
    volatile uint8_t deep[TEST_DEEP];
    for (size_t i = 0; i < sizeof deep; i++) {
        deep[i] = 0;
    }
}

TDF_HOT engine_status engine_invoke(void) {
    use_stack();
    while (output[2] + 1 == TEST_HANG) {
        __asm volatile(".rept 1000\n nop\n .endr"); // long blocks, which emulators run faster
    }
    uint8_t sums[2] = {0, 0};
    for (size_t i = 0; i < INPUT_BYTES; i++) {
        sums[i % 2] = (uint8_t)(sums[i % 2] + memory[i]);
        memory[i] ^= 0x55; // an engine may overwrite its input
    }
    output[0] = (int8_t)sums[0];
    output[1] = (int8_t)sums[1];
    output[2]++;
    if (TEST_OVERRUN != 0) {
        memory[TEST_OVERRUN > 0 ? ARENA_SIZE : -1] ^= 1;
    }
    return ENGINE_OK;
}

engine_status engine_profile(engine_clock clock, uint32_t *layer_ticks) {
    (void)clock;
    (void)engine_invoke();
    for (uint32_t i = 0; i < description.layer_count; i++) {
        layer_ticks[i] = 1000 * i + (uint8_t)output[2];
    }
    return ENGINE_OK;
}

const int8_t *engine_output(void) {
    return output;
}

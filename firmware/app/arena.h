/* SPDX-License-Identifier: Apache-2.0 */
// The engine's memory, with guard bytes on both sides that tell whether the engine kept within it.
#ifndef TINYDF_ARENA_H
#define TINYDF_ARENA_H

#include <stdbool.h>
#include <stdint.h>

// The size of the arena; the build takes it from the model's memory plan.
#define ARENA_BYTES ((uint32_t)(TINYDF_ARENA_BYTES))

// Writes the guard bytes around `size` bytes, at most ARENA_BYTES, and gives them, aligned to a cache line.
uint8_t *arena_prepare(uint32_t size);

// True while no guard byte has been overwritten.
bool arena_intact(void);

#endif

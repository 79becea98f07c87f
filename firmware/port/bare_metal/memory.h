/* SPDX-License-Identifier: Apache-2.0 */
// The memory of a port without an operating system, as its sections.ld lays it out. All bounds are multiples of 4.
#ifndef TINYDF_BARE_METAL_MEMORY_H
#define TINYDF_BARE_METAL_MEMORY_H

#include <stdint.h>

extern uint32_t stack_guard_start[]; // up to stack_bottom: nobody may touch it
extern uint32_t stack_bottom[];
extern uint32_t stack_top[];

// What the stack may use, in bytes.
static inline uint32_t memory_stack_bytes(void) {
    return (uint32_t)(stack_top - stack_bottom) * (uint32_t)sizeof *stack_top;
}

// Code and variables copied from flash, zeros, and a stack that is painted up to what is in use of it.
void memory_prepare(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
// Registers of a core without an operating system, and the wait for one of their bits.
#ifndef TINYDF_BARE_METAL_REGISTERS_H
#define TINYDF_BARE_METAL_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define BIT(position)     (1u << (position))

// Reads *address, at most `polls` times, until (value & mask) == wanted; false if that never came.
static inline bool poll_until(const volatile uint32_t *address, uint32_t mask, uint32_t wanted, uint32_t polls) {
    for (; polls > 0; polls--) {
        if ((*address & mask) == wanted) {
            return true;
        }
    }
    return false;
}

#endif

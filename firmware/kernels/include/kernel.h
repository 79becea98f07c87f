/* SPDX-License-Identifier: Apache-2.0 */
// What every kernel needs: fixed-width types, placement, and TFLM's requantisation.
#ifndef TINYDF_KERNEL_H
#define TINYDF_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Kernels are for speed, whatever the rest of a program is for; and their inline assembly needs registers that gcc
// leaves free when it optimises alone.
#if defined(__GNUC__) && !defined(__clang__) && (defined(__OPTIMIZE_SIZE__) || !defined(__OPTIMIZE__))
#pragma GCC optimize("O3", "omit-frame-pointer")
#define TDF_RAISED 1 // by this file
#else
#define TDF_RAISED 0
#endif

// Where code that runs per pixel goes. A port defines it (as a compiler option) to place that code in its fastest
// memory, e.g. -DTDF_HOT='__attribute__((section(".hot")))'.
#ifndef TDF_HOT
#define TDF_HOT
#endif

// Where weights and tables go. Plain constants, in flash, unless a port says otherwise.
#ifndef TDF_WEIGHTS
#define TDF_WEIGHTS
#endif

static inline int32_t tdf_min(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static inline int32_t tdf_max(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static inline int8_t tdf_clamp(int32_t value, int32_t low, int32_t high) {
    return (int8_t)tdf_min(tdf_max(value, low), high);
}

// value * multiplier / 2^31, rounded to nearest, a half upwards. multiplier >= 0.
// (gemmlowp's SaturatingRoundingDoublingHighMul: its nudge and truncation amount to this.)
static inline int32_t tdf_multiply_high(int32_t value, int32_t multiplier) {
    return (int32_t)(((int64_t)value * multiplier + ((int64_t)1 << 30)) >> 31);
}

// value / 2^exponent, rounded to nearest, a half away from zero. 0 <= exponent <= 31.
// (gemmlowp's RoundingDivideByPOT.)
static inline int32_t tdf_divide_by_power(int32_t value, int32_t exponent) {
    const uint32_t mask = ((uint32_t)1 << exponent) - 1;
    const uint32_t remainder = (uint32_t)value & mask;
    const uint32_t threshold = (mask >> 1) + (value < 0 ? 1u : 0u);
    return (value >> exponent) + (remainder > threshold ? 1 : 0);
}

// TFLM's MultiplyByQuantizedMultiplier, with its double rounding: value * multiplier * 2^(shift - 31).
static inline int32_t tdf_requantise(int32_t value, int32_t multiplier, int32_t shift) {
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    return tdf_divide_by_power(tdf_multiply_high((int32_t)((uint32_t)value << left), multiplier), right);
}

#endif

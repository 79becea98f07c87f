/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

// Sums of exponentials are kept in Q12.19.
#define SUM_INTEGER_BITS 12

// A sum of two Q0.31 values, halved, rounded to nearest, a half away from zero.
static inline int32_t rounding_half_sum(int32_t a, int32_t b) {
    const int64_t sum = (int64_t)a + b;
    return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

static inline int32_t saturating_shift_left(int32_t value, int32_t bits) {
    const int64_t shifted = (int64_t)value * ((int64_t)1 << bits);
    return (int32_t)(shifted > INT32_MAX ? INT32_MAX : shifted < INT32_MIN ? INT32_MIN : shifted);
}

// Any two Q values multiplied as SQRDMULH does.
static inline int32_t multiply_fixed(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

// 1 / (1 + x) for x in [0, 1), all in Q0.31, by three Newton-Raphson steps in Q2.29 as gemmlowp does.
static int32_t reciprocal_of_one_plus(int32_t x) {
    const int32_t half_denominator = rounding_half_sum(x, INT32_MAX);
    int32_t estimate = 1515870810 + multiply_fixed(half_denominator, -1010580540); // 48/17 - 32/17 * d
    for (int32_t i = 0; i < 3; i++) {
        const int32_t error = ((int32_t)1 << 29) - multiply_fixed(half_denominator, estimate);
        estimate += saturating_shift_left(multiply_fixed(estimate, error), 2);
    }
    return saturating_shift_left(estimate, 1);
}

static void softmax_row(const tdf_softmax_parameters *p, const int8_t *input, int8_t *output) {
    int32_t largest = INT8_MIN;
    for (uint32_t i = 0; i < p->depth; i++) {
        largest = tdf_max(largest, input[i]);
    }
    int32_t sum = 0;
    for (uint32_t i = 0; i < p->depth; i++) {
        const uint32_t difference = (uint32_t)(largest - input[i]);
        sum += difference < p->count ? tdf_divide_by_power(p->exponentials[difference], SUM_INTEGER_BITS) : 0;
    }
    const int32_t headroom = __builtin_clz((uint32_t)sum);
    const int32_t fraction = (int32_t)((uint32_t)sum << headroom & INT32_MAX);
    const int32_t scale = reciprocal_of_one_plus(fraction);
    const int32_t exponent = SUM_INTEGER_BITS - headroom + 31 - 8;
    for (uint32_t i = 0; i < p->depth; i++) {
        const uint32_t difference = (uint32_t)(largest - input[i]);
        const int32_t share = difference < p->count ? multiply_fixed(scale, p->exponentials[difference]) : 0;
        output[i] = tdf_clamp(tdf_divide_by_power(share, exponent) + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

TDF_HOT void tdf_softmax(const tdf_softmax_parameters *p, const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < p->rows; i++) {
        softmax_row(p, input + i * p->depth, output + i * p->depth);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
// The heart of the convolutions for RV32IM: four output channels of four pixels at a time, two products a
// multiplication.
//
// Two pixels share a word, a + b * 2^16. Times a weight that makes both products, and two such words may be added
// before either half could run into the other: |x * w + x' * w'| < 2^15, but for four values of -128, so weights must
// not have two of those side by side. From such a sum, rounded, the upper half is taken; the lower half is what is
// left:
//     total += sum, upper += (sum + 2^15) >> 16          a = total - (upper << 16), b = upper
// where the wrapping of `total` does no harm. Per 32 products that makes four LW, eight LB, 16 MUL and 40 others.
//
// The inputs of pixels (a, b, c, d) are paired beforehand, and weights are interleaved by four channels:
//     (a0,b0) (c0,d0)  (a1,b1) (c1,d1) ...     w00 w10 w20 w30  w01 w11 w21 w31 ...
#ifndef TINYDF_DOT_RV32_H
#define TINYDF_DOT_RV32_H

#include <stdbool.h>

#include "kernels.h"

#if defined(__riscv_mul) && __riscv_xlen == 32
#define TDF_HAS_RV32 1
#else
#define TDF_HAS_RV32 0
#endif

#define TDF_RV32_PIXELS   4
#define TDF_RV32_CHANNELS 4

static inline int32_t tdf_pair(int32_t low, int32_t high) {
    return (int32_t)((uint32_t)low + ((uint32_t)high << 16));
}

// Pairs `count` inputs of each pixel; gives where the next ones go.
static inline int32_t *tdf_pair_inputs(const int8_t *const *pixels, uint32_t count, int32_t *columns) {
    const int8_t *a = pixels[0], *b = pixels[1], *c = pixels[2], *d = pixels[3];
    const int8_t *end = a + count;
    for (; end - a >= 4; a += 4, b += 4, c += 4, d += 4, columns += 8) {
        for (int32_t k = 0; k < 4; k++) {
            columns[2 * k] = tdf_pair(a[k], b[k]);
            columns[2 * k + 1] = tdf_pair(c[k], d[k]);
        }
    }
    for (; a != end; columns += 2) {
        columns[0] = tdf_pair(*a++, *b++);
        columns[1] = tdf_pair(*c++, *d++);
    }
    return columns;
}

// All output channels of four pixels, from their paired inputs. Where there are fewer than four, the last stands in
// for the others, inputs and outputs alike.
void tdf_dot_rv32(const tdf_dot_rv32_parameters *p, const int32_t *columns, int8_t *const *outputs);

// All output channels of one pixel with so many inputs, which must not lie where the outputs go.
void tdf_dot_pixel_rv32(const tdf_dot_rv32_parameters *p, uint32_t inputs, const int8_t *input, int8_t *output);

// requantise(sum) + zero point for a shift of at least 1: dsp.h's `tdf_scale`, by MULHSU.
static inline int32_t tdf_scale_rv32(int32_t sum, const tdf_scaling *s) {
    const uint64_t product = (uint64_t)((int64_t)sum * (int64_t)(uint32_t)s->multiplier);
    const int32_t high = (int32_t)((uint32_t)(product >> 32) + ((uint32_t)product >> 31));
    return (high + (sum >> 31) + s->offset) >> s->shift;
}

// The same where negative sums need not be right, only negative.
static inline int32_t tdf_scale_rectified_rv32(int32_t sum, const tdf_scaling *s) {
    const uint64_t product = (uint64_t)((int64_t)sum * (int64_t)(uint32_t)s->multiplier);
    const int32_t high = (int32_t)((uint32_t)(product >> 32) + ((uint32_t)product >> 31));
    return (high + s->offset) >> s->shift;
}

// By one of TDF_SCALING_ANY, TDF_SCALING_SIGNED, TDF_SCALING_RECTIFIED.
static inline int32_t tdf_scale_by_rv32(int32_t sum, const tdf_scaling *s, uint32_t rounding) {
    return rounding == TDF_SCALING_RECTIFIED ? tdf_scale_rectified_rv32(sum, s)
           : rounding == TDF_SCALING_SIGNED  ? tdf_scale_rv32(sum, s)
                                             : tdf_scale_any(sum, s);
}

#endif

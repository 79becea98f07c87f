/* SPDX-License-Identifier: Apache-2.0 */
// Arm MVE (Helium: Cortex-M55, M85), and the same in plain C for every other machine, so that generated code for
// `armv8.1-m` also runs, and is tested, on the host.
#ifndef TINYDF_MVE_H
#define TINYDF_MVE_H

#include "kernels.h"

#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1) == 1

#define TDF_HAS_MVE 1
#include <arm_mve.h>

// TFLM's double rounding of four sums; `shift` is negative, to the right, or 0: then there is no second rounding. The
// sign of a sum stands for that of its product, as in `tdf_scale` (dsp.h).
static inline int32x4_t tdf_scale_mve(int32x4_t sums, int32x4_t multiplier, int32x4_t shift) {
    const int32x4_t down = vshrq_n_s32(vandq_s32(sums, shift), 31);
    return vrshlq_s32(vaddq_s32(vqrdmulhq_s32(sums, multiplier), down), shift);
}

// Eight scaled sums as outputs: lanes of `even` and `odd` by turns.
static inline int16x8_t tdf_output_mve(int32x4_t even, int32x4_t odd, int16_t zero_point, int16x8_t low,
                                       int16x8_t high) {
    int16x8_t outputs = vqmovnbq_s32(vdupq_n_s16(0), even);
    outputs = vqaddq_n_s16(vqmovntq_s32(outputs, odd), zero_point);
    return vminq_s16(vmaxq_s16(outputs, low), high);
}

static inline void tdf_copy_bytes(int8_t *to, const int8_t *from, uint32_t count) {
    __asm__ volatile("wlstp.8 lr, %[count], 2f\n\t"
                     "1:\n\t"
                     "vldrb.8 q0, [%[from]], #16\n\t"
                     "vstrb.8 q0, [%[to]], #16\n\t"
                     "letp lr, 1b\n\t"
                     "2:\n\t"
                     : [to] "+r"(to), [from] "+r"(from)
                     : [count] "r"(count)
                     : "lr", "q0", "memory");
}

static inline void tdf_fill_bytes(int8_t *to, int8_t value, uint32_t count) {
    const int8x16_t values = vdupq_n_s8(value);
    __asm__ volatile("wlstp.8 lr, %[count], 2f\n\t"
                     "1:\n\t"
                     "vstrb.8 %q[values], [%[to]], #16\n\t"
                     "letp lr, 1b\n\t"
                     "2:\n\t"
                     : [to] "+r"(to)
                     : [count] "r"(count), [values] "w"(values)
                     : "lr", "memory");
}

// Holds bytes to a range narrower than int8.
static inline void tdf_clamp_bytes(int8_t *bytes, uint32_t count, int8_t low, int8_t high) {
    const int8x16_t lows = vdupq_n_s8(low), highs = vdupq_n_s8(high);
    for (int32_t left = (int32_t)count; left > 0; left -= 16) {
        const mve_pred16_t there = vctp8q((uint32_t)left);
        vstrbq_p_s8(bytes, vminq_s8(vmaxq_s8(vldrbq_z_s8(bytes, there), lows), highs), there);
        bytes += 16;
    }
}

#else

#define TDF_HAS_MVE 0

static inline void tdf_copy_bytes(int8_t *to, const int8_t *from, uint32_t count) {
    memcpy(to, from, count);
}

static inline void tdf_fill_bytes(int8_t *to, int8_t value, uint32_t count) {
    memset(to, value, count);
}

static inline void tdf_clamp_bytes(int8_t *bytes, uint32_t count, int8_t low, int8_t high) {
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = tdf_clamp(bytes[i], low, high);
    }
}

#endif

// The same for one sum.
static inline int8_t tdf_output_of_sum(int32_t sum, int32_t multiplier, int32_t shift, int32_t zero_point, int32_t low,
                                       int32_t high) {
    return tdf_clamp(tdf_requantise(sum, multiplier, shift) + zero_point, low, high);
}

#endif

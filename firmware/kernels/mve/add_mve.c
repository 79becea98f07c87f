/* SPDX-License-Identifier: Apache-2.0 */
#include "mve.h"

// The input that is scaled has 20 more bits before that, as in add.c; the other one, whose factor is a half, 19.
#define HEADROOM 20

#if TDF_HAS_MVE

TDF_HOT void tdf_add_mve(const tdf_add_mve_parameters *p, const int8_t *first, const int8_t *second, int8_t *output) {
    const int32x4_t headroom = vdupq_n_s32(1 << HEADROOM), factor = vdupq_n_s32(p->first_factor);
    const int32x4_t zero_point = vdupq_n_s32(p->zero_point);
    const int32x4_t low = vdupq_n_s32(p->low), high = vdupq_n_s32(p->high);
    // A half of a negative value is rounded away from zero: it is one less before it is shifted, if it is shifted.
    const int32_t scaled_less = p->second_shift < 0, sum_less = p->shift < 0;
    __asm__ volatile(
        "dlstp.32 lr, %[count]\n\t"
        "1:\n\t"
        "vldrb.s32 q1, [%[second]], #4\n\t"
        "vldrb.s32 q0, [%[first]], #4\n\t"
        "vmlas.s32 q1, %q[headroom], %[second_offset]\n\t"
        "vmlas.s32 q0, %q[factor], %[first_offset]\n\t"
        "vqrdmulh.s32 q1, q1, %[second_multiplier]\n\t"
        "vpt.s32 lt, q1, zr\n\t"
        "vsubt.i32 q1, q1, %[scaled_less]\n\t"
        "vrshl.s32 q1, %[second_shift]\n\t"
        "vmla.s32 q0, q1, %[sign]\n\t"
        "vqrdmulh.s32 q0, q0, %[multiplier]\n\t"
        "vpt.s32 lt, q0, zr\n\t"
        "vsubt.i32 q0, q0, %[sum_less]\n\t"
        "vrshl.s32 q0, %[shift]\n\t"
        "vqadd.s32 q0, q0, %q[zero_point]\n\t"
        "vmax.s32 q0, q0, %q[low]\n\t"
        "vmin.s32 q0, q0, %q[high]\n\t"
        "vstrb.32 q0, [%[output]], #4\n\t"
        "letp lr, 1b\n\t"
        : [first] "+l"(first), [second] "+l"(second), [output] "+l"(output)
        : [count] "r"(p->count), [headroom] "w"(headroom), [factor] "w"(factor), [zero_point] "w"(zero_point),
          [low] "w"(low), [high] "w"(high), [first_offset] "r"(p->first_offset), [second_offset] "r"(p->second_offset),
          [second_multiplier] "r"(p->second_multiplier), [second_shift] "r"((int32_t)p->second_shift),
          [multiplier] "r"(p->multiplier), [shift] "r"((int32_t)p->shift), [sign] "r"((int32_t)p->sign),
          [scaled_less] "r"(scaled_less), [sum_less] "r"(sum_less)
        : "lr", "q0", "q1", "cc", "memory");
}

#else

TDF_HOT void tdf_add_mve(const tdf_add_mve_parameters *p, const int8_t *first, const int8_t *second, int8_t *output) {
    for (uint32_t i = 0; i < p->count; i++) {
        const int32_t a = first[i] * p->first_factor + p->first_offset;
        const int32_t b =
            tdf_requantise(second[i] * (1 << HEADROOM) + p->second_offset, p->second_multiplier, p->second_shift);
        output[i] = tdf_output_of_sum(a + p->sign * b, p->multiplier, p->shift, p->zero_point, p->low, p->high);
    }
}

#endif

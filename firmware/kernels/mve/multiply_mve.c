/* SPDX-License-Identifier: Apache-2.0 */
#include "mve.h"

#if TDF_HAS_MVE

static void multiply_row(const tdf_multiply_mve_parameters *p, const int8_t *first, const int8_t *second,
                         int8_t *output) {
    const int32x4_t left = vdupq_n_s32(1 << p->left), zero_point = vdupq_n_s32(p->zero_point);
    const int32x4_t low = vdupq_n_s32(p->low), high = vdupq_n_s32(p->high);
    // A half of a negative value is rounded away from zero: it is one less before it is shifted, if it is shifted.
    const int32_t less = p->shift < 0;
    __asm__ volatile(
        "dlstp.32 lr, %[count]\n\t"
        "1:\n\t"
        "vldrb.s32 q1, [%[second]], #4\n\t"
        "vldrb.s32 q0, [%[first]], #4\n\t"
        "vmlas.s32 q1, %q[left], %[second_offset]\n\t"
        "vadd.i32 q0, q0, %[first_offset]\n\t"
        "vmul.i32 q0, q0, q1\n\t"
        "vqrdmulh.s32 q0, q0, %[multiplier]\n\t"
        "vpt.s32 lt, q0, zr\n\t"
        "vsubt.i32 q0, q0, %[less]\n\t"
        "vrshl.s32 q0, %[shift]\n\t"
        "vqadd.s32 q0, q0, %q[zero_point]\n\t"
        "vmax.s32 q0, q0, %q[low]\n\t"
        "vmin.s32 q0, q0, %q[high]\n\t"
        "vstrb.32 q0, [%[output]], #4\n\t"
        "letp lr, 1b\n\t"
        : [first] "+l"(first), [second] "+l"(second), [output] "+l"(output)
        : [count] "r"(p->channels), [left] "w"(left), [zero_point] "w"(zero_point), [low] "w"(low), [high] "w"(high),
          [first_offset] "r"((int32_t)p->first_offset), [second_offset] "r"(p->second_offset * (1 << p->left)),
          [multiplier] "r"(p->multiplier), [shift] "r"((int32_t)p->shift), [less] "r"(less)
        : "lr", "q0", "q1", "cc", "memory");
}

#else

static void multiply_row(const tdf_multiply_mve_parameters *p, const int8_t *first, const int8_t *second,
                         int8_t *output) {
    for (uint32_t c = 0; c < p->channels; c++) {
        const int32_t product = (first[c] + p->first_offset) * (second[c] + p->second_offset) * (1 << p->left);
        output[c] = tdf_output_of_sum(product, p->multiplier, p->shift, p->zero_point, p->low, p->high);
    }
}

#endif

TDF_HOT void tdf_multiply_mve(const tdf_multiply_mve_parameters *p, const int8_t *first, const int8_t *second,
                              int8_t *output) {
    for (uint32_t row = p->rows; row > 0; row--) {
        multiply_row(p, first, second, output);
        first += p->channels;
        output += p->channels;
    }
}

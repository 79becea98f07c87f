/* SPDX-License-Identifier: Apache-2.0 */
// Eight sums at a time.
#include "mve.h"

#define LANES 8u
// As many values of 8 bits as a sum of 16 bits holds.
#define SUM_BLOCK 255u

#if TDF_HAS_MVE

static inline int32x4_t reduced(const tdf_reduce_parameters *p, int32x4_t sums) {
    return tdf_scale_mve(vsubq_n_s32(sums, p->offset), vdupq_n_s32(p->multiplier), vdupq_n_s32(p->shift));
}

// Up to eight means, of columns that begin at `input`.
static inline void reduce_columns(const tdf_reduce_parameters *p, const int8_t *input, uint32_t columns,
                                  int8_t *output) {
    int32x4_t even = vdupq_n_s32(0), odd = even;
    for (uint32_t left = p->middle, block; left > 0; left -= block) {
        int16x8_t sums = vdupq_n_s16(0);
        block = left < SUM_BLOCK ? left : SUM_BLOCK;
        __asm__ volatile("vctp.16 %[columns]\n\t"
                         "dls lr, %[block]\n\t"
                         "1:\n\t"
                         "vpst\n\t"
                         "vldrbt.s16 q0, [%[input]]\n\t"
                         "add %[input], %[input], %[pitch]\n\t"
                         "vadd.i16 %q[sums], %q[sums], q0\n\t"
                         "le lr, 1b\n\t"
                         : [input] "+l"(input), [sums] "+w"(sums)
                         : [columns] "r"(columns), [block] "r"(block), [pitch] "r"(p->inner)
                         : "lr", "q0", "cc", "memory");
        even = vaddq_s32(even, vmovlbq_s16(sums));
        odd = vaddq_s32(odd, vmovltq_s16(sums));
    }
    const int16x8_t low = vdupq_n_s16(INT8_MIN), high = vdupq_n_s16(INT8_MAX);
    const int16x8_t outputs = tdf_output_mve(reduced(p, even), reduced(p, odd), p->zero_point, low, high);
    vstrbq_p_s16(output, outputs, vctp16q(columns));
}

#else

static inline void reduce_columns(const tdf_reduce_parameters *p, const int8_t *input, uint32_t columns,
                                  int8_t *output) {
    for (uint32_t k = 0; k < LANES && k < columns; k++) {
        int32_t sum = -p->offset;
        for (uint32_t j = 0; j < p->middle; j++) {
            sum += input[j * p->inner + k];
        }
        output[k] = tdf_output_of_sum(sum, p->multiplier, p->shift, p->zero_point, INT8_MIN, INT8_MAX);
    }
}

#endif

TDF_HOT void tdf_reduce_mve(const tdf_reduce_parameters *p, const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < p->outer; i++) {
        for (uint32_t k = 0; k < p->inner; k += LANES) {
            reduce_columns(p, input + k, p->inner - k, output + k);
        }
        input += (size_t)p->middle * p->inner;
        output += p->inner;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
// One pixel, four output channels at a time.
#include "dot_mve.h"

#if TDF_HAS_MVE

// The sums of four channels without their biases; moves `at` on to those.
static inline int32x4_t dense_sums(const int8_t *input, uint32_t inputs, const int32_t **at) {
    const int32_t *blocks = *at;
    int32_t c0 = 0, c1 = 0, c2 = 0, c3 = 0;
    int32x4_t sums;
    __asm__ volatile("dlstp.8 lr, %[inputs]\n\t"
                     "1:\n\t"
                     "vldrb.8 q0, [%[input]], #16\n\t"
                     "vldrb.8 q1, [%[blocks]], #16\n\t"
                     "vldrb.8 q2, [%[blocks]], #16\n\t"
                     "vmladava.s8 %[c0], q0, q1\n\t"
                     "vldrb.8 q1, [%[blocks]], #16\n\t"
                     "vmladava.s8 %[c1], q0, q2\n\t"
                     "vldrb.8 q2, [%[blocks]], #16\n\t"
                     "vmladava.s8 %[c2], q0, q1\n\t"
                     "vmladava.s8 %[c3], q0, q2\n\t"
                     "letp lr, 1b\n\t"
                     "vmov q0[2], q0[0], %[c0], %[c2]\n\t"
                     "vmov q0[3], q0[1], %[c1], %[c3]\n\t"
                     "vmov %q[sums], q0\n\t"
                     : [c0] "+Te"(c0), [c1] "+Te"(c1), [c2] "+Te"(c2), [c3] "+Te"(c3), [input] "+r"(input),
                       [blocks] "+r"(blocks), [sums] "=w"(sums)
                     : [inputs] "r"(inputs)
                     : "lr", "q0", "q1", "q2", "cc", "memory");
    *at = blocks;
    return sums;
}

TDF_HOT void tdf_dense_mve(const tdf_dot_mve_parameters *p, const int8_t *input, int8_t *output) {
    const int32_t *blocks = p->blocks;
    const int32x4_t low = vdupq_n_s32(p->low), high = vdupq_n_s32(p->high);
    for (int32_t left = p->output_channels; left > 0; left -= 4) {
        const int32x4_t products = dense_sums(input, p->inputs, &blocks);
        const int32x4_t sums = vaddq_s32(products, vldrwq_s32(blocks));
        const int32x4_t scaled = tdf_scale_mve(sums, vldrwq_s32(blocks + 4), vldrwq_s32(blocks + 8));
        const int32x4_t outputs = vminq_s32(vmaxq_s32(vqaddq_n_s32(scaled, p->zero_point), low), high);
        vstrbq_p_s32(output, outputs, vctp32q((uint32_t)left));
        blocks += 12;
        output += 4;
    }
}

#else

TDF_HOT void tdf_dense_mve(const tdf_dot_mve_parameters *p, const int8_t *input, int8_t *output) {
    tdf_dot_mve(p, input, input, 0, output);
}

#endif

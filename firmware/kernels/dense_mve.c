// Weights are packed as dot_mve.h says; one pixel, four output channels at a time.
#include "mve.h"

#if HAS_MVE

#define DENSE_PRODUCTS                                                                                                 \
    "vldrb.8 q1, [%[weights]], #16\n\t"                                                                                \
    "vldrb.8 q2, [%[weights]], #16\n\t"                                                                                \
    "vmladava.s8 %[c0], q0, q1\n\t"                                                                                    \
    "vldrb.8 q1, [%[weights]], #16\n\t"                                                                                \
    "vmladava.s8 %[c1], q0, q2\n\t"                                                                                    \
    "vldrb.8 q2, [%[weights]], #16\n\t"                                                                                \
    "vmladava.s8 %[c2], q0, q1\n\t"                                                                                    \
    "vmladava.s8 %[c3], q0, q2\n\t"

static inline int32x4_t dense_sums(const int8_t *input, const int8_t **at, uint32_t inputs, const int32_t *bias) {
    const int8_t *weights = *at;
    int32_t c0 = bias[0], c1 = bias[1], c2 = bias[2], c3 = bias[3], left = (int32_t)inputs;
    int32x4_t sums;
    __asm__ volatile("subs %[left], #16\n\t"
                     "blt 2f\n\t"
                     "1:\n\t"
                     "vldrb.8 q0, [%[input]], #16\n\t" DENSE_PRODUCTS "subs %[left], #16\n\t"
                     "bge 1b\n\t"
                     "2:\n\t"
                     "adds %[left], #16\n\t"
                     "beq 3f\n\t"
                     "vctp.8 %[left]\n\t"
                     "vpst\n\t"
                     "vldrbt.u8 q0, [%[input]]\n\t" DENSE_PRODUCTS "3:\n\t"
                     "vmov q0[2], q0[0], %[c0], %[c2]\n\t"
                     "vmov q0[3], q0[1], %[c1], %[c3]\n\t"
                     "vmov %q[sums], q0\n\t"
                     : [c0] "+Te"(c0), [c1] "+Te"(c1), [c2] "+Te"(c2), [c3] "+Te"(c3), [input] "+r"(input),
                       [weights] "+r"(weights), [left] "+r"(left), [sums] "=w"(sums)
                     :
                     : "q0", "q1", "q2", "cc", "memory");
    *at = weights;
    return sums;
}

TINYDF_HOT void dense_mve(const dot_mve_parameters *p, const int8_t *input, int8_t *output) {
    const mve_channels *channels = p->channels;
    const int8_t *weights = p->weights;
    const int32x4_t low = vdupq_n_s32(p->low), high = vdupq_n_s32(p->high);
    for (int32_t left = p->output_channels; left > 0; left -= 4) {
        const int32x4_t sums = dense_sums(input, &weights, p->inputs, channels->bias);
        const int32x4_t scaled = scale_mve(sums, vldrwq_s32(channels->multiplier), vldrwq_s32(channels->shift));
        const int32x4_t outputs = vminq_s32(vmaxq_s32(vqaddq_n_s32(scaled, p->zero_point), low), high);
        vstrbq_p_s32(output, outputs, vctp32q((uint32_t)left));
        channels++;
        output += 4;
    }
}

#else

TINYDF_HOT void dense_mve(const dot_mve_parameters *p, const int8_t *input, int8_t *output) {
    const uint32_t groups = (p->inputs + 15u) / 16u;
    for (uint32_t c = 0; c < p->output_channels; c++) {
        const mve_channels *channels = &p->channels[c / 4];
        const int8_t *weights = p->weights + (c / 4 * groups * 4 + c % 4) * 16;
        int32_t sum = channels->bias[c % 4];
        for (uint32_t k = 0; k < p->inputs; k++) {
            sum += weights[k / 16 * 64 + k % 16] * input[k];
        }
        output[c] =
            output_of_sum(sum, channels->multiplier[c % 4], channels->shift[c % 4], p->zero_point, p->low, p->high);
    }
}

#endif

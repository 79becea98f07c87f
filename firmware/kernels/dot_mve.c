#include "dot_mve.h"
#include "mve.h"

#if HAS_MVE

typedef struct {
    int32x4_t a, b;
} dot_sums;

#define DOT_PRODUCTS                                                                                                   \
    "vldrb.8 q2, [%[weights]], #16\n\t"                                                                                \
    "vldrb.8 q3, [%[weights]], #16\n\t"                                                                                \
    "vmladava.s8 %[a0], q0, q2\n\t"                                                                                    \
    "vmladava.s8 %[b0], q1, q2\n\t"                                                                                    \
    "vldrb.8 q2, [%[weights]], #16\n\t"                                                                                \
    "vmladava.s8 %[a1], q0, q3\n\t"                                                                                    \
    "vmladava.s8 %[b1], q1, q3\n\t"                                                                                    \
    "vldrb.8 q3, [%[weights]], #16\n\t"                                                                                \
    "vmladava.s8 %[a2], q0, q2\n\t"                                                                                    \
    "vmladava.s8 %[b2], q1, q2\n\t"                                                                                    \
    "vmladava.s8 %[a3], q0, q3\n\t"                                                                                    \
    "vmladava.s8 %[b3], q1, q3\n\t"

// `inputs` inputs of two pixels times four channels; moves `weights` on. The pointer to the biases makes room for the
// count: all registers are in use.
static inline dot_sums dot(const int8_t *a, const int8_t *b, const int8_t **at, int32_t inputs, const int32_t *bias) {
    const int8_t *weights = *at;
    int32_t a0, a1, a2, a3, b0, b1, b2, b3;
    register int32x4_t sums_a __asm__("q0");
    register int32x4_t sums_b __asm__("q1");
    __asm__ volatile(
        "ldrd %[a0], %[a1], [%[left]]\n\t"
        "ldrd %[a2], %[a3], [%[left], #8]\n\t"
        "ldr %[left], %[inputs]\n\t"
        "mov %[b0], %[a0]\n\t"
        "mov %[b1], %[a1]\n\t"
        "mov %[b2], %[a2]\n\t"
        "mov %[b3], %[a3]\n\t"
        "subs %[left], %[left], #16\n\t"
        "blt 2f\n\t"
        "1:\n\t"
        "vldrb.8 q0, [%[a]], #16\n\t"
        "vldrb.8 q1, [%[b]], #16\n\t" DOT_PRODUCTS "subs %[left], %[left], #16\n\t"
        "bge 1b\n\t"
        "2:\n\t"
        "adds %[left], %[left], #16\n\t"
        "beq 3f\n\t"
        "vctp.8 %[left]\n\t"
        "vpstt\n\t"
        "vldrbt.u8 q0, [%[a]]\n\t"
        "vldrbt.u8 q1, [%[b]]\n\t" DOT_PRODUCTS "3:\n\t"
        "vmov q0[2], q0[0], %[a0], %[a2]\n\t"
        "vmov q0[3], q0[1], %[a1], %[a3]\n\t"
        "vmov q1[2], q1[0], %[b0], %[b2]\n\t"
        "vmov q1[3], q1[1], %[b1], %[b3]\n\t"
        : [a0] "=&Te"(a0), [a1] "=&Te"(a1), [a2] "=&Te"(a2), [a3] "=&Te"(a3), [b0] "=&Te"(b0), [b1] "=&Te"(b1),
          [b2] "=&Te"(b2), [b3] "=&Te"(b3), [a] "+r"(a), [b] "+r"(b), [weights] "+r"(weights), [left] "+r"(bias),
          "=&w"(sums_a), "=&w"(sums_b)
        : [inputs] "m"(inputs)
        : "q2", "q3", "cc", "memory");
    *at = weights;
    return (dot_sums){sums_a, sums_b};
}

TINYDF_HOT void dot_mve(const dot_mve_parameters *p, const int8_t *a, const int8_t *b, uint32_t pitch, int8_t *output) {
    const mve_channels *channels = p->channels;
    const int8_t *weights = p->weights;
    const int16x8_t low = vdupq_n_s16(p->low), high = vdupq_n_s16(p->high);
    // Lane 2 * c is channel c of the first pixel, lane 2 * c + 1 that of the second.
    const uint16x8_t lanes = vidupq_n_u16(0, 1);
    const uint16x8_t second = vmulq_n_u16(vandq_u16(lanes, vdupq_n_u16(1)), (uint16_t)pitch);
    const uint16x8_t places = vaddq_u16(vshrq_n_u16(lanes, 1), second);
    const int16_t zero_point = p->zero_point;
    const int32_t inputs = p->inputs;
    for (int32_t left = p->output_channels; left > 0; left -= 4) {
        const dot_sums sums = dot(a, b, &weights, inputs, channels->bias);
        const int32x4_t multiplier = vldrwq_s32(channels->multiplier), shift = vldrwq_s32(channels->shift);
        const int16x8_t outputs = output_mve(scale_mve(sums.a, multiplier, shift), scale_mve(sums.b, multiplier, shift),
                                             zero_point, low, high);
        vstrbq_scatter_offset_p_s16(output, places, outputs, vctp16q(2 * (uint32_t)left));
        channels++;
        output += 4;
    }
}

#else

TINYDF_HOT void dot_mve(const dot_mve_parameters *p, const int8_t *a, const int8_t *b, uint32_t pitch, int8_t *output) {
    const uint32_t groups = (p->inputs + 15u) / 16u;
    for (uint32_t c = 0; c < p->output_channels; c++) {
        const mve_channels *channels = &p->channels[c / 4];
        const int8_t *weights = p->weights + (c / 4 * groups * 4 + c % 4) * 16;
        int32_t first = channels->bias[c % 4], second = first;
        for (uint32_t k = 0; k < p->inputs; k++) {
            const int32_t weight = weights[k / 16 * 64 + k % 16];
            first += weight * a[k];
            second += weight * b[k];
        }
        const int32_t multiplier = channels->multiplier[c % 4], shift = channels->shift[c % 4];
        output[c + pitch] = output_of_sum(second, multiplier, shift, p->zero_point, p->low, p->high);
        output[c] = output_of_sum(first, multiplier, shift, p->zero_point, p->low, p->high);
    }
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
// Weights of four channels (c0 ... c3) are packed by groups of four inputs (k0 ... k3), 16 bytes a group, so that
// SXTB16 unpacks each word into the pairs that SMLAD wants:
//     c0k0 c1k0 c0k2 c1k2   c2k0 c3k0 c2k2 c3k2   c0k1 c1k1 c0k3 c1k3   c2k1 c3k1 c2k3 c3k3
#include "kernels.h"

typedef struct {
    int32_t c0, c1, c2, c3;
} dense_sums;

#if TDF_HAS_DSP

#define DENSE_GROUP                                                                                                    \
    "ldr %[even], [%[input]], #4\n\t"                                                                                  \
    "ldm %[weights]!, {r4, r5, r6, r8}\n\t"                                                                            \
    "sxtb16 %[odd], %[even], ror #8\n\t"                                                                               \
    "sxtb16 %[even], %[even]\n\t"                                                                                      \
    "sxtb16 %[pair], r4\n\t"                                                                                           \
    "sxtb16 r4, r4, ror #8\n\t"                                                                                        \
    "smlad %[c0], %[even], %[pair], %[c0]\n\t"                                                                         \
    "smlad %[c1], %[even], r4, %[c1]\n\t"                                                                              \
    "sxtb16 %[pair], r5\n\t"                                                                                           \
    "sxtb16 r5, r5, ror #8\n\t"                                                                                        \
    "smlad %[c2], %[even], %[pair], %[c2]\n\t"                                                                         \
    "smlad %[c3], %[even], r5, %[c3]\n\t"                                                                              \
    "sxtb16 %[pair], r6\n\t"                                                                                           \
    "sxtb16 r6, r6, ror #8\n\t"                                                                                        \
    "smlad %[c0], %[odd], %[pair], %[c0]\n\t"                                                                          \
    "smlad %[c1], %[odd], r6, %[c1]\n\t"                                                                               \
    "sxtb16 %[pair], r8\n\t"                                                                                           \
    "sxtb16 r8, r8, ror #8\n\t"                                                                                        \
    "smlad %[c2], %[odd], %[pair], %[c2]\n\t"                                                                          \
    "smlad %[c3], %[odd], r8, %[c3]\n\t"

// `groups` groups of four inputs, at least one, times four channels; four groups a round, the first round short.
static inline dense_sums dense_groups(dense_sums s, const int8_t *input, const int8_t *weights, uint32_t groups) {
    const int8_t *end = input + 4 * groups;
    int32_t even = (int32_t)(groups % 4), odd, pair;
    __asm__ volatile("cmp %[even], #2\n\t"
                     "bhi 2f\n\t"
                     "beq 3f\n\t"
                     "cmp %[even], #1\n\t"
                     "beq 4f\n\t"
                     "1:\n\t" DENSE_GROUP "2:\n\t" DENSE_GROUP "3:\n\t" DENSE_GROUP "4:\n\t" DENSE_GROUP
                     "ldr %[pair], %[end]\n\t"
                     "cmp %[input], %[pair]\n\t"
                     "bne 1b\n\t"
                     : [c0] "+r"(s.c0), [c1] "+r"(s.c1), [c2] "+r"(s.c2), [c3] "+r"(s.c3), [input] "+r"(input),
                       [weights] "+r"(weights), [even] "+r"(even), [odd] "=&r"(odd), [pair] "=&r"(pair)
                     : [end] "m"(end)
                     : "r4", "r5", "r6", "r8", "cc", "memory");
    return s;
}

#else

static inline dense_sums dense_groups(dense_sums s, const int8_t *input, const int8_t *weights, uint32_t groups) {
    for (uint32_t group = 0; group < groups; group++) {
        const int32_t even = tdf_even_bytes(tdf_load_word(input)), odd = tdf_odd_bytes(tdf_load_word(input));
        const int32_t first = tdf_load_word(weights), second = tdf_load_word(weights + 4);
        const int32_t third = tdf_load_word(weights + 8), fourth = tdf_load_word(weights + 12);
        s.c0 = tdf_smlad(odd, tdf_even_bytes(third), tdf_smlad(even, tdf_even_bytes(first), s.c0));
        s.c1 = tdf_smlad(odd, tdf_odd_bytes(third), tdf_smlad(even, tdf_odd_bytes(first), s.c1));
        s.c2 = tdf_smlad(odd, tdf_even_bytes(fourth), tdf_smlad(even, tdf_even_bytes(second), s.c2));
        s.c3 = tdf_smlad(odd, tdf_odd_bytes(fourth), tdf_smlad(even, tdf_odd_bytes(second), s.c3));
        input += 4;
        weights += 16;
    }
    return s;
}

#endif

static inline int8_t dense_output(const tdf_dot_parameters *p, int32_t sum, const tdf_scaling *s) {
    return p->rounding == TDF_SCALING_ANY ? tdf_clamp(tdf_scale_any(sum, s), p->low, p->high)
                                          : (int8_t)tdf_saturate_8(tdf_scale(sum, s));
}

// Up to four channels, when they are not all there or not all alike.
__attribute__((noinline)) TDF_HOT static void write_some(const tdf_dot_parameters *p, dense_sums sums,
                                                         const tdf_dsp_channels *channels, uint32_t count,
                                                         int8_t *output) {
    const int32_t four[4] = {sums.c0, sums.c1, sums.c2, sums.c3};
    for (uint32_t j = 0; j < 4 && j < count; j++) {
        output[j] = dense_output(p, four[j], &channels[j / 2].scaling[j % 2]);
    }
}

TDF_HOT void tdf_dense_dsp(const tdf_dense_dsp_parameters *p, const int8_t *input, int8_t *output) {
    const int8_t *weights = p->dot.weights;
    const tdf_dsp_channels *channels = p->dot.channels;
    const uint32_t whole = p->inputs / 4, rest = p->inputs % 4, stride = p->dot.groups * 16u;
    const int32_t tail = rest == 0 ? 0 : tdf_load_tail(input + 4 * whole, rest);
    for (uint32_t left = p->dot.output_channels; left > 0;) {
        dense_sums sums = {channels[0].bias[0], channels[0].bias[1], channels[1].bias[0], channels[1].bias[1]};
        if (whole > 0) {
            sums = dense_groups(sums, input, weights, whole);
        }
        if (rest > 0) {
            sums = dense_groups(sums, (const int8_t *)&tail, weights + 16 * whole, 1);
        }
        if (left < 4 || p->dot.rounding == TDF_SCALING_ANY) {
            write_some(&p->dot, sums, channels, left, output);
        } else {
            output[0] = (int8_t)tdf_saturate_8(tdf_scale(sums.c0, &channels[0].scaling[0]));
            output[1] = (int8_t)tdf_saturate_8(tdf_scale(sums.c1, &channels[0].scaling[1]));
            output[2] = (int8_t)tdf_saturate_8(tdf_scale(sums.c2, &channels[1].scaling[0]));
            output[3] = (int8_t)tdf_saturate_8(tdf_scale(sums.c3, &channels[1].scaling[1]));
        }
        weights += stride;
        channels += 2;
        output += 4;
        left -= left < 4 ? left : 4;
    }
}

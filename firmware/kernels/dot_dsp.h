// The heart of the DSP convolutions: two output channels of three pixels at a time, two products an instruction.
//
// Weights of two channels (c0, c1) are packed by groups of four inputs (k0 ... k3), 8 bytes a group, so that SXTB16
// unpacks each word into the pairs that SMLAD wants:
//     c0k0 c1k0 c0k2 c1k2   c0k1 c1k1 c0k3 c1k3
// The inputs of three pixels (a, b, c) are unpacked beforehand, 24 bytes a group:
//     a(k0,k2) b(k0,k2) c(k0,k2)   a(k1,k3) b(k1,k3) c(k1,k3)
// Per 12 products that makes one LDM, one LDR, two SXTB16 and six SMLAD.
#ifndef TINYDF_DOT_DSP_H
#define TINYDF_DOT_DSP_H

#include "kernels.h"

#define DOT_PIXELS 3

// Unpacks one group of four inputs of each pixel; gives where the next group goes.
static inline int32_t *unpack_group(int32_t a, int32_t b, int32_t c, int32_t *pairs) {
    pairs[0] = even_bytes(a);
    pairs[1] = even_bytes(b);
    pairs[2] = even_bytes(c);
    pairs[3] = odd_bytes(a);
    pairs[4] = odd_bytes(b);
    pairs[5] = odd_bytes(c);
    return pairs + 6;
}

// Unpacks `count` neighbouring inputs of each pixel.
static inline int32_t *unpack_run(const int8_t *a, const int8_t *b, const int8_t *c, uint32_t count, int32_t *pairs) {
    uint32_t k = 0;
    for (; k + 4 <= count; k += 4) {
        pairs = unpack_group(load_word(a + k), load_word(b + k), load_word(c + k), pairs);
    }
    if (k < count) {
        const uint32_t rest = count - k;
        pairs = unpack_group(load_tail(a + k, rest), load_tail(b + k, rest), load_tail(c + k, rest), pairs);
    }
    return pairs;
}

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP == 1 && defined(__thumb2__)

// Two inputs of each pixel times two channels.
#define DOT_STEP                                                                                                       \
    "ldm %[pairs]!, {r4, r5, r6}\n\t"                                                                                  \
    "ldr %[word], [%[weights]], #4\n\t"                                                                                \
    "sxtb16 %[pair], %[word]\n\t"                                                                                      \
    "smlad %[a0], r4, %[pair], %[a0]\n\t"                                                                              \
    "smlad %[b0], r5, %[pair], %[b0]\n\t"                                                                              \
    "smlad %[c0], r6, %[pair], %[c0]\n\t"                                                                              \
    "sxtb16 %[word], %[word], ror #8\n\t"                                                                              \
    "smlad %[a1], r4, %[word], %[a1]\n\t"                                                                              \
    "smlad %[b1], r5, %[word], %[b1]\n\t"                                                                              \
    "smlad %[c1], r6, %[word], %[c1]\n\t"

#define DOT_OPERANDS                                                                                                   \
    [a0] "+r"(a0), [b0] "+r"(b0), [c0] "+r"(c0), [a1] "+r"(a1), [b1] "+r"(b1), [c1] "+r"(c1), [pairs] "+r"(pairs),     \
        [weights] "+r"(weights), [word] "=&r"(word), [pair] "=&r"(pair)

// sums[channel][pixel], over `groups` groups of four inputs, at least one.
static inline void dot(const int32_t *pairs, const int8_t *weights, uint32_t groups, const int32_t *bias,
                       int32_t sums[2][DOT_PIXELS]) {
    int32_t a0 = bias[0], b0 = a0, c0 = a0, a1 = bias[1], b1 = a1, c1 = a1, word, pair;
    const int8_t *end = weights + groups * 8;
    if (groups % 2 != 0) {
        __asm__ volatile(DOT_STEP DOT_STEP : DOT_OPERANDS : : "r4", "r5", "r6", "memory");
    }
    if (weights != end) {
        __asm__ volatile("1:\n\t" DOT_STEP DOT_STEP DOT_STEP DOT_STEP "ldr %[pair], %[end]\n\t"
                         "cmp %[weights], %[pair]\n\t"
                         "bne 1b\n\t"
                         : DOT_OPERANDS
                         : [end] "m"(end)
                         : "r4", "r5", "r6", "cc", "memory");
    }
    sums[0][0] = a0, sums[0][1] = b0, sums[0][2] = c0;
    sums[1][0] = a1, sums[1][1] = b1, sums[1][2] = c1;
}

#else

static inline void dot(const int32_t *pairs, const int8_t *weights, uint32_t groups, const int32_t *bias,
                       int32_t sums[2][DOT_PIXELS]) {
    for (int pixel = 0; pixel < DOT_PIXELS; pixel++) {
        sums[0][pixel] = bias[0];
        sums[1][pixel] = bias[1];
    }
    for (uint32_t step = 0; step < 2 * groups; step++) {
        const int32_t word = load_word(weights + 4 * step);
        for (int pixel = 0; pixel < DOT_PIXELS; pixel++) {
            const int32_t pair = pairs[DOT_PIXELS * step + (uint32_t)pixel];
            sums[0][pixel] = smlad(pair, even_bytes(word), sums[0][pixel]);
            sums[1][pixel] = smlad(pair, odd_bytes(word), sums[1][pixel]);
        }
    }
}

#endif

// Writes one channel of three pixels; `b` and `c` are where the second and third lie, from the first.
static inline void write_exact(const int32_t *sums, scaling s, int8_t *output, uint32_t b, uint32_t c) {
    output[0] = (int8_t)saturate_8(scale(sums[0], &s));
    output[b] = (int8_t)saturate_8(scale(sums[1], &s));
    output[c] = (int8_t)saturate_8(scale(sums[2], &s));
}

// The same for any shift and range. Rare, so kept out of the loop.
__attribute__((noinline)) static void write_any(const dot_parameters *p, const int32_t *sums, const scaling *s,
                                                int8_t *output, uint32_t b, uint32_t c) {
    output[0] = clamp(scale_any(sums[0], s), p->low, p->high);
    output[b] = clamp(scale_any(sums[1], s), p->low, p->high);
    output[c] = clamp(scale_any(sums[2], s), p->low, p->high);
}

// All output channels of `pixels` neighbouring pixels, whose inputs are unpacked in `pairs`. Where there are fewer
// than three, the last is in `pairs` more than once and is written more than once. So is the last of an odd number of
// channels: the one beyond it is written first, to its place.
static inline void dot_pixels(const dot_parameters *p, const int32_t *pairs, uint32_t pixels, int8_t *output) {
    const dsp_channels *channels = p->channels;
    const int8_t *weights = p->weights;
    const uint32_t groups = (p->inputs + 3u) / 4;
    const uint32_t b = pixels > 1 ? p->output_channels : 0;
    const uint32_t c = pixels > 2 ? 2u * p->output_channels : b;
    for (uint32_t left = p->output_channels; left != 0;) {
        const uint32_t count = left > 1 ? 2 : 1;
        int32_t sums[2][DOT_PIXELS];
        dot(pairs, weights, groups, channels->bias, sums);
        if (p->exact) {
            write_exact(sums[1], channels->scaling[1], output + count - 1, b, c);
            write_exact(sums[0], channels->scaling[0], output, b, c);
        } else {
            write_any(p, sums[1], &channels->scaling[1], output + count - 1, b, c);
            write_any(p, sums[0], &channels->scaling[0], output, b, c);
        }
        weights += groups * 8;
        channels++;
        output += count;
        left -= count;
    }
}

#endif

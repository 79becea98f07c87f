/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_dsp.h"

#if TDF_HAS_SSE2

// On the host the pairs of a pixel lie side by side.
static inline int32_t *unpack_group(int32_t a, int32_t b, int32_t c, int32_t *pairs) {
    const __m128i words = _mm_set_epi32(0, c, b, a);
    const __m128i even = _mm_srai_epi16(_mm_slli_epi16(words, 8), 8), odd = _mm_srai_epi16(words, 8);
    _mm_storeu_si128((__m128i *)(void *)pairs, _mm_unpacklo_epi32(even, odd));
    _mm_storel_epi64((__m128i *)(void *)(pairs + 4), _mm_unpackhi_epi32(even, odd));
    return pairs + 6;
}

#else

// Unpacks one group of four inputs of each pixel; gives where the next group goes.
static inline int32_t *unpack_group(int32_t a, int32_t b, int32_t c, int32_t *pairs) {
    pairs[0] = tdf_even_bytes(a);
    pairs[1] = tdf_even_bytes(b);
    pairs[2] = tdf_even_bytes(c);
    pairs[3] = tdf_odd_bytes(a);
    pairs[4] = tdf_odd_bytes(b);
    pairs[5] = tdf_odd_bytes(c);
    return pairs + 6;
}

#endif

#if TDF_HAS_DSP

// Unpacks `groups` groups of four inputs, at least one.
static inline int32_t *unpack_groups(const int8_t *a, const int8_t *b, const int8_t *c, uint32_t groups,
                                     int32_t *pairs) {
    const int8_t *end = a + 4 * groups;
    __asm__ volatile("1:\n\t"
                     "ldr r7, [%[a]], #4\n\t"
                     "ldr r8, [%[b]], #4\n\t"
                     "ldr r9, [%[c]], #4\n\t"
                     "sxtb16 r4, r7\n\t"
                     "sxtb16 r5, r8\n\t"
                     "sxtb16 r6, r9\n\t"
                     "sxtb16 r7, r7, ror #8\n\t"
                     "sxtb16 r8, r8, ror #8\n\t"
                     "sxtb16 r9, r9, ror #8\n\t"
                     "stm %[pairs]!, {r4, r5, r6, r7, r8, r9}\n\t"
                     "cmp %[a], %[end]\n\t"
                     "bne 1b\n\t"
                     : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [pairs] "+r"(pairs)
                     : [end] "r"(end)
                     : "r4", "r5", "r6", "r7", "r8", "r9", "cc", "memory");
    return pairs;
}

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

#else

static inline int32_t *unpack_groups(const int8_t *a, const int8_t *b, const int8_t *c, uint32_t groups,
                                     int32_t *pairs) {
    for (uint32_t k = 0; k < 4 * groups; k += 4) {
        pairs = unpack_group(tdf_load_word(a + k), tdf_load_word(b + k), tdf_load_word(c + k), pairs);
    }
    return pairs;
}

#endif

TDF_HOT int32_t *tdf_unpack_run(const int8_t *a, const int8_t *b, const int8_t *c, uint32_t count, int32_t *pairs) {
    if (count < 4) {
        return unpack_group(tdf_load_tail(a, count), tdf_load_tail(b, count), tdf_load_tail(c, count), pairs);
    }
    pairs = unpack_groups(a, b, c, count / 4, pairs);
    if (count % 4 != 0) {
        const uint32_t last = count - 4;
        pairs = unpack_group(tdf_load_word(a + last), tdf_load_word(b + last), tdf_load_word(c + last), pairs);
    }
    return pairs;
}

// The sums of one channel, of pixels a, b and c. The host's vectors have a fourth, which means nothing.
#if TDF_HAS_SSE2
#define DOT_LANES 4
#else
#define DOT_LANES TDF_DOT_PIXELS
#endif

#if TDF_HAS_SSE2

// The two halves of two vectors: `from` says from which half of each.
#define HALVES(first, second, from)                                                                                    \
    _mm_castpd_si128(_mm_shuffle_pd(_mm_castsi128_pd(first), _mm_castsi128_pd(second), from))

static inline __m128i load_16(const void *bytes) {
    return _mm_loadu_si128((const __m128i *)bytes);
}

static inline __m128i load_8(const void *bytes) {
    return _mm_loadl_epi64((const __m128i *)bytes);
}

// Of channels 0 and 1, for each of three pixels four sums that are still to be added up.
typedef struct {
    __m128i first[TDF_DOT_PIXELS], second[TDF_DOT_PIXELS];
} vector_sums;

// Adds two groups: their weights, and the pairs of a and b, c and a, b and c.
static inline void add_groups(vector_sums *s, __m128i weights, __m128i ab, __m128i ca, __m128i bc) {
    const __m128i even = _mm_srai_epi16(_mm_slli_epi16(weights, 8), 8), odd = _mm_srai_epi16(weights, 8);
    const __m128i pixels[TDF_DOT_PIXELS] = {HALVES(ab, ca, 2), HALVES(ab, bc, 1), HALVES(ca, bc, 2)};
    for (int j = 0; j < TDF_DOT_PIXELS; j++) {
        s->first[j] = _mm_add_epi32(s->first[j], _mm_madd_epi16(pixels[j], even));
        s->second[j] = _mm_add_epi32(s->second[j], _mm_madd_epi16(pixels[j], odd));
    }
}

static inline void store_sums(const __m128i lanes[TDF_DOT_PIXELS], int32_t bias, int32_t sums[DOT_LANES]) {
    const __m128i a = lanes[0], b = lanes[1], c = lanes[2];
    const __m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
    const __m128i cc = _mm_add_epi32(_mm_unpacklo_epi32(c, c), _mm_unpackhi_epi32(c, c));
    const __m128i total = _mm_add_epi32(_mm_unpacklo_epi64(ab, cc), _mm_unpackhi_epi64(ab, cc));
    _mm_storeu_si128((__m128i *)(void *)sums, _mm_add_epi32(total, _mm_set1_epi32(bias)));
}

#endif

// The sums of channels 0 and 1 over `groups` groups of four inputs, at least one.
static inline void dot(const int32_t *pairs, const int8_t *weights, uint32_t groups, const int32_t *bias,
                       int32_t first[DOT_LANES], int32_t second[DOT_LANES]) {
#if TDF_HAS_DSP
    int32_t a0 = bias[0], b0 = bias[0], c0 = bias[0], a1 = bias[1], b1 = bias[1], c1 = bias[1];
    // Four groups a round; the first round may be short.
    const int8_t *end = weights + groups * 8;
    int32_t word = (int32_t)(groups % 4), pair;
    __asm__ volatile("cmp %[word], #2\n\t"
                     "bhi 2f\n\t"
                     "beq 3f\n\t"
                     "cmp %[word], #1\n\t"
                     "beq 4f\n\t"
                     "1:\n\t" DOT_STEP DOT_STEP "2:\n\t" DOT_STEP DOT_STEP "3:\n\t" DOT_STEP DOT_STEP
                     "4:\n\t" DOT_STEP DOT_STEP "ldr %[pair], %[end]\n\t"
                     "cmp %[weights], %[pair]\n\t"
                     "bne 1b\n\t"
                     : [a0] "+r"(a0), [b0] "+r"(b0), [c0] "+r"(c0), [a1] "+r"(a1), [b1] "+r"(b1), [c1] "+r"(c1),
                       [pairs] "+r"(pairs), [weights] "+r"(weights), [word] "+r"(word), [pair] "=&r"(pair)
                     : [end] "m"(end)
                     : "r4", "r5", "r6", "cc", "memory");
    first[0] = a0, first[1] = b0, first[2] = c0;
    second[0] = a1, second[1] = b1, second[2] = c1;
#elif TDF_HAS_SSE2
    // Two groups a round; of an odd number, the last is loaded beside zeros. Even bytes of the weights are channel 0's.
    const __m128i zero = _mm_setzero_si128();
    vector_sums s = {{zero, zero, zero}, {zero, zero, zero}};
    for (; groups >= 2; groups -= 2, weights += 16, pairs += 12) {
        add_groups(&s, load_16(weights), load_16(pairs), load_16(pairs + 4), load_16(pairs + 8));
    }
    if (groups == 1) {
        add_groups(&s, load_8(weights), load_16(pairs), load_8(pairs + 4), zero);
    }
    store_sums(s.first, bias[0], first);
    store_sums(s.second, bias[1], second);
#else
    for (uint32_t j = 0; j < TDF_DOT_PIXELS; j++) {
        first[j] = bias[0];
        second[j] = bias[1];
    }
    for (uint32_t step = 0; step < 2 * groups; step++) {
        const int32_t word = tdf_load_word(weights + 4 * step), even = tdf_even_bytes(word), odd = tdf_odd_bytes(word);
        for (uint32_t j = 0; j < TDF_DOT_PIXELS; j++) {
            first[j] = tdf_smlad(pairs[j], even, first[j]);
            second[j] = tdf_smlad(pairs[j], odd, second[j]);
        }
        pairs += TDF_DOT_PIXELS;
    }
#endif
}

// One channel of one pixel; `rounding` is known when this is compiled.
static inline int8_t output_of(const tdf_dot_parameters *p, uint32_t rounding, int32_t sum, const tdf_scaling *s) {
    switch (rounding) {
    case TDF_SCALING_RECTIFIED:
        return (int8_t)tdf_saturate_8(tdf_scale_rectified(sum, s));
    case TDF_SCALING_SIGNED:
        return (int8_t)tdf_saturate_8(tdf_scale(sum, s));
    default:
        return tdf_clamp(tdf_scale_any(sum, s), p->low, p->high);
    }
}

// One channel of three pixels, whose second and third lie `b` and `c` bytes further on.
static inline void write_pixels(const tdf_dot_parameters *p, uint32_t rounding, const int32_t sums[DOT_LANES],
                                tdf_scaling s, int8_t *output, uint32_t b, uint32_t c) {
#if TDF_HAS_SSE2
    if (rounding != TDF_SCALING_ANY) {
        const uint32_t bytes = (uint32_t)tdf_scale_4(load_16(sums), &s);
        output[0] = (int8_t)(uint8_t)bytes;
        output[b] = (int8_t)(uint8_t)(bytes >> 8);
        output[c] = (int8_t)(uint8_t)(bytes >> 16);
        return;
    }
#endif
    output[0] = output_of(p, rounding, sums[0], &s);
    output[b] = output_of(p, rounding, sums[1], &s);
    output[c] = output_of(p, rounding, sums[2], &s);
}

// Pixels that do not exist are written upon the last; so is the channel beyond an odd number of them, before the last.
static inline void dot_channels(const tdf_dot_parameters *p, uint32_t rounding, const int32_t *pairs, uint32_t pixels,
                                int8_t *output) {
    const tdf_dsp_channels *channels = p->channels;
    const int8_t *weights = p->weights;
    const uint32_t groups = p->groups;
    const uint32_t b = pixels > 1 ? p->pitch : 0;
    const uint32_t c = pixels > 2 ? 2u * p->pitch : b;
    const int8_t *end = output + p->output_channels;
    while (output < end) {
        int32_t first[DOT_LANES], second[DOT_LANES];
        dot(pairs, weights, groups, channels->bias, first, second);
        write_pixels(p, rounding, second, channels->scaling[1], output + 1 < end ? output + 1 : output, b, c);
        write_pixels(p, rounding, first, channels->scaling[0], output, b, c);
        weights += groups * 8;
        channels++;
        output += 2;
    }
}

TDF_HOT void tdf_dot_pixels(const tdf_dot_parameters *p, const int32_t *pairs, uint32_t pixels, int8_t *output) {
    if (p->rounding == TDF_SCALING_RECTIFIED) {
        dot_channels(p, TDF_SCALING_RECTIFIED, pairs, pixels, output);
    } else if (p->rounding == TDF_SCALING_SIGNED) {
        dot_channels(p, TDF_SCALING_SIGNED, pairs, pixels, output);
    } else {
        dot_channels(p, TDF_SCALING_ANY, pairs, pixels, output);
    }
}

#include "dot_dsp.h"

#if HAS_SSE2

// On the host the pairs of a pixel lie side by side.
static inline int32_t *unpack_group(int32_t a, int32_t b, int32_t c, int32_t *pairs) {
    pairs[0] = even_bytes(a);
    pairs[1] = odd_bytes(a);
    pairs[2] = even_bytes(b);
    pairs[3] = odd_bytes(b);
    pairs[4] = even_bytes(c);
    pairs[5] = odd_bytes(c);
    return pairs + 6;
}

#else

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

#endif

#if HAS_DSP

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
        pairs = unpack_group(load_word(a + k), load_word(b + k), load_word(c + k), pairs);
    }
    return pairs;
}

#endif

TINYDF_HOT int32_t *unpack_run(const int8_t *a, const int8_t *b, const int8_t *c, uint32_t count, int32_t *pairs) {
    if (count < 4) {
        return unpack_group(load_tail(a, count), load_tail(b, count), load_tail(c, count), pairs);
    }
    pairs = unpack_groups(a, b, c, count / 4, pairs);
    if (count % 4 != 0) {
        const uint32_t last = count - 4;
        pairs = unpack_group(load_word(a + last), load_word(b + last), load_word(c + last), pairs);
    }
    return pairs;
}

// Sums of channels 0 and 1 of pixels a, b and c.
typedef struct {
    int32_t a0, b0, c0, a1, b1, c1;
} dot_sums;

#if HAS_SSE2

static inline __m128i load_twice(const int32_t *pairs) {
    const __m128i once = _mm_loadl_epi64((const __m128i *)(const void *)pairs);
    return _mm_unpacklo_epi64(once, once);
}

static inline void add_lanes(__m128i lanes, int32_t *low, int32_t *high) {
    const __m128i sums = _mm_add_epi32(lanes, _mm_srli_si128(lanes, 4));
    *low += _mm_cvtsi128_si32(sums);
    *high += _mm_cvtsi128_si32(_mm_srli_si128(sums, 8));
}

#endif

// The sums of two channels over `groups` groups of four inputs, at least one.
static inline dot_sums dot(const int32_t *pairs, const int8_t *weights, uint32_t groups, const int32_t *bias) {
    dot_sums s = {bias[0], bias[0], bias[0], bias[1], bias[1], bias[1]};
#if HAS_DSP
    // Four groups a round; the first round may be short.
    const int8_t *end = weights + groups * 8;
    int32_t word = (int32_t)(groups % 4), pair;
    __asm__ volatile(
        "cmp %[word], #2\n\t"
        "bhi 2f\n\t"
        "beq 3f\n\t"
        "cmp %[word], #1\n\t"
        "beq 4f\n\t"
        "1:\n\t" DOT_STEP DOT_STEP "2:\n\t" DOT_STEP DOT_STEP "3:\n\t" DOT_STEP DOT_STEP "4:\n\t" DOT_STEP DOT_STEP
        "ldr %[pair], %[end]\n\t"
        "cmp %[weights], %[pair]\n\t"
        "bne 1b\n\t"
        : [a0] "+r"(s.a0), [b0] "+r"(s.b0), [c0] "+r"(s.c0), [a1] "+r"(s.a1), [b1] "+r"(s.b1), [c1] "+r"(s.c1),
          [pairs] "+r"(pairs), [weights] "+r"(weights), [word] "+r"(word), [pair] "=&r"(pair)
        : [end] "m"(end)
        : "r4", "r5", "r6", "cc", "memory");
#elif HAS_SSE2
    // Lanes 0 and 1 are channel 0, lanes 2 and 3 channel 1.
    __m128i a = _mm_setzero_si128(), b = a, c = a;
    for (uint32_t group = 0; group < groups; group++) {
        const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(weights + 8 * group));
        const __m128i first = _mm_srai_epi16(_mm_slli_epi16(bytes, 8), 8), second = _mm_srai_epi16(bytes, 8);
        const __m128i both = _mm_unpacklo_epi64(first, second);
        a = _mm_add_epi32(a, _mm_madd_epi16(both, load_twice(pairs)));
        b = _mm_add_epi32(b, _mm_madd_epi16(both, load_twice(pairs + 2)));
        c = _mm_add_epi32(c, _mm_madd_epi16(both, load_twice(pairs + 4)));
        pairs += 6;
    }
    add_lanes(a, &s.a0, &s.a1);
    add_lanes(b, &s.b0, &s.b1);
    add_lanes(c, &s.c0, &s.c1);
#else
    for (uint32_t step = 0; step < 2 * groups; step++) {
        const int32_t word = load_word(weights + 4 * step), even = even_bytes(word), odd = odd_bytes(word);
        s.a0 = smlad(pairs[0], even, s.a0);
        s.b0 = smlad(pairs[1], even, s.b0);
        s.c0 = smlad(pairs[2], even, s.c0);
        s.a1 = smlad(pairs[0], odd, s.a1);
        s.b1 = smlad(pairs[1], odd, s.b1);
        s.c1 = smlad(pairs[2], odd, s.c1);
        pairs += DOT_PIXELS;
    }
#endif
    return s;
}

// One channel of one pixel; `rounding` is known when this is compiled.
static inline int8_t output_of(const dot_parameters *p, uint32_t rounding, int32_t sum, const scaling *s) {
    switch (rounding) {
    case SCALING_RECTIFIED:
        return (int8_t)saturate_8(scale_rectified(sum, s));
    case SCALING_SIGNED:
        return (int8_t)saturate_8(scale(sum, s));
    default:
        return clamp(scale_any(sum, s), p->low, p->high);
    }
}

// One channel of three pixels, whose second and third lie `b` and `c` bytes further on.
static inline void write_pixels(const dot_parameters *p, uint32_t rounding, const int32_t sums[DOT_PIXELS], scaling s,
                                int8_t *output, uint32_t b, uint32_t c) {
#if HAS_SSE2
    if (rounding != SCALING_ANY) {
        const uint32_t bytes = (uint32_t)scale_4(_mm_set_epi32(0, sums[2], sums[1], sums[0]), &s);
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
static inline void dot_channels(const dot_parameters *p, uint32_t rounding, const int32_t *pairs, uint32_t pixels,
                                int8_t *output) {
    const dsp_channels *channels = p->channels;
    const int8_t *weights = p->weights;
    const uint32_t groups = p->groups;
    const uint32_t b = pixels > 1 ? p->pitch : 0;
    const uint32_t c = pixels > 2 ? 2u * p->pitch : b;
    const int8_t *end = output + p->output_channels;
    while (output < end) {
        const dot_sums s = dot(pairs, weights, groups, channels->bias);
        const int32_t first[DOT_PIXELS] = {s.a0, s.b0, s.c0}, second[DOT_PIXELS] = {s.a1, s.b1, s.c1};
        write_pixels(p, rounding, second, channels->scaling[1], output + 1 < end ? output + 1 : output, b, c);
        write_pixels(p, rounding, first, channels->scaling[0], output, b, c);
        weights += groups * 8;
        channels++;
        output += 2;
    }
}

TINYDF_HOT void dot_pixels(const dot_parameters *p, const int32_t *pairs, uint32_t pixels, int8_t *output) {
    if (p->rounding == SCALING_RECTIFIED) {
        dot_channels(p, SCALING_RECTIFIED, pairs, pixels, output);
    } else if (p->rounding == SCALING_SIGNED) {
        dot_channels(p, SCALING_SIGNED, pairs, pixels, output);
    } else {
        dot_channels(p, SCALING_ANY, pairs, pixels, output);
    }
}

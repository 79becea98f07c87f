/* SPDX-License-Identifier: Apache-2.0 */
// The Arm DSP extension (Armv7E-M: Cortex-M4, M7; optional in M33, M55), and the same operations in plain C for every
// other machine, so that generated code for `armv7e-m` also runs, and is tested, on the host. There, the inner loops
// use SSE2 where they can, so that a data set is simulated quickly (not with -DTDF_PLAIN_C, for tests).
#ifndef TINYDF_DSP_H
#define TINYDF_DSP_H

#include "kernel.h"

// Two signed halves of a word: low and high.
static inline int32_t tdf_low_half(int32_t word) {
    return (int16_t)(uint16_t)((uint32_t)word & 0xffffu);
}

static inline int32_t tdf_high_half(int32_t word) {
    return word >> 16;
}

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP == 1
#define TDF_HAS_DSP  1
#define TDF_HAS_SSE2 0
#elif defined(__SSE2__) && !defined(TDF_PLAIN_C)
#define TDF_HAS_DSP  0
#define TDF_HAS_SSE2 1
#include <emmintrin.h>
#else
#define TDF_HAS_DSP  0
#define TDF_HAS_SSE2 0
#endif

#if TDF_HAS_DSP

#define TDF_DSP_3(instruction, a, b, c)                                                                                \
    __extension__({                                                                                                    \
        int32_t dsp_result;                                                                                            \
        __asm__(instruction " %0, %1, %2, %3" : "=r"(dsp_result) : "r"(a), "r"(b), "r"(c));                            \
        dsp_result;                                                                                                    \
    })
#define TDF_DSP_1(instruction, a, suffix)                                                                              \
    __extension__({                                                                                                    \
        int32_t dsp_result;                                                                                            \
        __asm__(instruction " %0, %1" suffix : "=r"(dsp_result) : "r"(a));                                             \
        dsp_result;                                                                                                    \
    })

// sum + a.low * b.low + a.high * b.high
#define tdf_smlad(a, b, sum) TDF_DSP_3("smlad", a, b, sum)
// sum + a.low * b.low, and the other three choices of halves
#define tdf_smlabb(a, b, sum) TDF_DSP_3("smlabb", a, b, sum)
#define tdf_smlabt(a, b, sum) TDF_DSP_3("smlabt", a, b, sum)
#define tdf_smlatb(a, b, sum) TDF_DSP_3("smlatb", a, b, sum)
#define tdf_smlatt(a, b, sum) TDF_DSP_3("smlatt", a, b, sum)
// sum + (a * b) / 2^32, rounded to nearest, a half upwards
#define tdf_smmlar(a, b, sum) TDF_DSP_3("smmlar", a, b, sum)
// Bytes 0 and 2 of a word, or 1 and 3, as two signed halves.
#define tdf_even_bytes(word) TDF_DSP_1("sxtb16", word, "")
#define tdf_odd_bytes(word)  TDF_DSP_1("sxtb16", word, ", ror #8")
// The same, added to two halves.
static inline int32_t tdf_add_even_bytes(int32_t halves, int32_t word) {
    int32_t result;
    __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(halves), "r"(word));
    return result;
}
static inline int32_t tdf_add_odd_bytes(int32_t halves, int32_t word) {
    int32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(halves), "r"(word));
    return result;
}

// Both halves twice.
static inline int32_t tdf_double_halves(int32_t halves) {
    int32_t result;
    __asm__("sadd16 %0, %1, %1" : "=r"(result) : "r"(halves));
    return result;
}

// A value held to the range of int8.
static inline int32_t tdf_saturate_8(int32_t value) {
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
}
// low.low | high.low << 16, the low halves of two words
static inline int32_t tdf_pack_low(int32_t low, int32_t high) {
    int32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(low), "r"(high));
    return result;
}
// low.low | high.high << 16
static inline int32_t tdf_pack_ends(int32_t low, int32_t high) {
    int32_t result;
    __asm__("pkhbt %0, %1, %2" : "=r"(result) : "r"(low), "r"(high));
    return result;
}
// low.high | high.high << 16, the high halves of two words
static inline int32_t tdf_pack_high(int32_t low, int32_t high) {
    int32_t result;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(high), "r"(low));
    return result;
}

#else

static inline int32_t tdf_smlad(int32_t a, int32_t b, int32_t sum) {
    return sum + tdf_low_half(a) * tdf_low_half(b) + tdf_high_half(a) * tdf_high_half(b);
}

static inline int32_t tdf_smlabb(int32_t a, int32_t b, int32_t sum) {
    return sum + tdf_low_half(a) * tdf_low_half(b);
}

static inline int32_t tdf_smlabt(int32_t a, int32_t b, int32_t sum) {
    return sum + tdf_low_half(a) * tdf_high_half(b);
}

static inline int32_t tdf_smlatb(int32_t a, int32_t b, int32_t sum) {
    return sum + tdf_high_half(a) * tdf_low_half(b);
}

static inline int32_t tdf_smlatt(int32_t a, int32_t b, int32_t sum) {
    return sum + tdf_high_half(a) * tdf_high_half(b);
}

static inline int32_t tdf_smmlar(int32_t a, int32_t b, int32_t sum) {
    return (int32_t)((uint32_t)sum + (uint32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32));
}

static inline int32_t tdf_pack_low(int32_t low, int32_t high) {
    return (int32_t)(((uint32_t)low & 0xffffu) | (uint32_t)high << 16);
}

static inline int32_t tdf_double_halves(int32_t halves) {
    return tdf_pack_low(2 * tdf_low_half(halves), 2 * tdf_high_half(halves));
}

static inline int32_t tdf_pack_high(int32_t low, int32_t high) {
    return (int32_t)((uint32_t)low >> 16 | ((uint32_t)high & 0xffff0000u));
}

static inline int32_t tdf_pack_ends(int32_t low, int32_t high) {
    return (int32_t)(((uint32_t)low & 0xffffu) | ((uint32_t)high & 0xffff0000u));
}

static inline int32_t tdf_even_bytes(int32_t word) {
    return tdf_pack_low((int8_t)(uint8_t)word, (int8_t)(uint8_t)(word >> 16));
}

static inline int32_t tdf_odd_bytes(int32_t word) {
    return tdf_pack_low((int8_t)(uint8_t)(word >> 8), (int8_t)(uint8_t)(word >> 24));
}

static inline int32_t tdf_add_even_bytes(int32_t halves, int32_t word) {
    const int32_t bytes = tdf_even_bytes(word);
    return tdf_pack_low(tdf_low_half(halves) + tdf_low_half(bytes), tdf_high_half(halves) + tdf_high_half(bytes));
}

static inline int32_t tdf_add_odd_bytes(int32_t halves, int32_t word) {
    const int32_t bytes = tdf_odd_bytes(word);
    return tdf_pack_low(tdf_low_half(halves) + tdf_low_half(bytes), tdf_high_half(halves) + tdf_high_half(bytes));
}

static inline int32_t tdf_saturate_8(int32_t value) {
    return tdf_clamp(value, INT8_MIN, INT8_MAX);
}

#endif

// Four bytes from anywhere.
static inline int32_t tdf_load_word(const int8_t *bytes) {
    int32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

// The last one to four bytes of a row, as a word; no byte beyond them is read.
static inline int32_t tdf_load_tail(const int8_t *bytes, uint32_t count) {
    uint16_t half = 0;
    if (count >= 4) {
        return tdf_load_word(bytes);
    }
    if (count == 1) {
        return (uint8_t)bytes[0];
    }
    memcpy(&half, bytes, sizeof half);
    return count == 2 ? half : half | (uint8_t)bytes[2] << 16;
}

// How a sum becomes an output, ready for one SMMLAR. `multiplier` is twice the Q0.31 multiplier, less 2^32; `shift` is
// to the right; `offset` is half a step and the output's zero point, both shifted left by `shift`.
typedef struct {
    int32_t multiplier;
    int32_t offset;
    int32_t shift;
} tdf_scaling;

// How a layer's sums may be scaled, and what its range is.
#define TDF_SCALING_ANY       0 // any factor and range
#define TDF_SCALING_SIGNED    1 // each factor allows one SMMLAR (below a half, and not tiny), the range is int8's
#define TDF_SCALING_RECTIFIED 2 // besides, the zero point is -128: what is negative becomes -128 however it is rounded

// requantise(sum) + zero point for a shift of at least 1. The sign of the sum stands for that of the product: where
// they differ the product rounds to 0, and then its sign has no effect.
static inline int32_t tdf_scale(int32_t sum, const tdf_scaling *s) {
    return (tdf_smmlar(sum, s->multiplier, sum) + (sum >> 31) + s->offset) >> s->shift;
}

// The same for twice a sum, where `multiplier` is the Q0.31 one itself: an addition less.
static inline int32_t tdf_scale_twice(int32_t sum, const tdf_scaling *s) {
    return (tdf_smmlar(sum, s->multiplier, s->offset) + (sum >> 31)) >> s->shift;
}

#if TDF_HAS_SSE2

// The same for four sums, each held to the range of int8: four bytes. The multiplier's bits are those of twice the
// Q0.31 one, so that an unsigned product is right once a negative sum's 2^32 is taken off.
static inline int32_t tdf_scale_4(__m128i sums, const tdf_scaling *s) {
    const __m128i multiplier = _mm_set1_epi32(s->multiplier), half = _mm_set_epi32(0, INT32_MIN, 0, INT32_MIN);
    const __m128i negative = _mm_srai_epi32(sums, 31);
    const __m128i even = _mm_add_epi64(_mm_mul_epu32(sums, multiplier), half);
    const __m128i odd = _mm_add_epi64(_mm_mul_epu32(_mm_srli_epi64(sums, 32), multiplier), half);
    const __m128i high = _mm_or_si128(_mm_srli_epi64(even, 32), _mm_and_si128(odd, _mm_set_epi32(-1, 0, -1, 0)));
    const __m128i product = _mm_sub_epi32(high, _mm_and_si128(negative, multiplier));
    const __m128i rounded = _mm_add_epi32(_mm_add_epi32(product, negative), _mm_set1_epi32(s->offset));
    const __m128i shifted = _mm_sra_epi32(rounded, _mm_cvtsi32_si128(s->shift));
    const __m128i halves = _mm_packs_epi32(shifted, shifted);
    return _mm_cvtsi128_si32(_mm_packs_epi16(halves, halves));
}

#endif

// The maximum of each two bytes.
static inline int32_t tdf_maximum_4(int32_t first, int32_t second) {
#if TDF_HAS_DSP
    int32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(first), "r"(second) : "cc");
    return result;
#else
    uint32_t result = 0;
    for (uint32_t shift = 0; shift < 32; shift += 8) {
        const int32_t a = (int8_t)(uint8_t)((uint32_t)first >> shift), b = (int8_t)(uint8_t)((uint32_t)second >> shift);
        result |= (uint32_t)(uint8_t)tdf_max(a, b) << shift;
    }
    return (int32_t)result;
#endif
}

// The same as `tdf_scale` where negative sums need not be right, only negative.
static inline int32_t tdf_scale_rectified(int32_t sum, const tdf_scaling *s) {
    return (tdf_smmlar(sum, s->multiplier, sum) + s->offset) >> s->shift;
}

// The same for any factor. Where it does not allow one SMMLAR, the shift is given less TDF_SCALING_SLOW, and `offset`
// is the zero point alone.
#define TDF_SCALING_SLOW 64
static inline int32_t tdf_scale_any(int32_t sum, const tdf_scaling *s) {
    if (s->shift >= 1) {
        return tdf_scale(sum, s);
    }
    return tdf_requantise(sum, (int32_t)((uint32_t)s->multiplier >> 1), -s->shift - TDF_SCALING_SLOW) + s->offset;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

// A value as an output. Whether the range is `full` (that of int8), and whether products are rounded a second time, by
// a shift, is known when this is compiled.
static inline int8_t scaled(const tdf_multiply_dsp_parameters *p, uint32_t full, uint32_t shifted, int32_t value) {
    const int32_t rounded = tdf_smmlar(value, p->multiplier, p->offset);
    const int32_t result = shifted ? (rounded + (value >> 31)) >> p->shift : rounded;
    return full ? (int8_t)tdf_saturate_8(result) : tdf_clamp(result, p->low, p->high);
}

// All channels from the one at `at` on, one after the other.
static inline void multiply_each(const tdf_multiply_dsp_parameters *p, uint32_t full, uint32_t shifted, uint32_t at,
                                 const int8_t *first, const int8_t *second, int8_t *output) {
    const tdf_multiply_dsp_parameters here = *p;
    const uint32_t channels = p->channels;
    for (; at < channels; at++) {
        const int32_t factor = (second[at] + p->second_offset) * (1 << p->left), bias = factor * p->first_offset;
        const int8_t *x = first + at;
        int8_t *y = output + at;
        uint32_t rows = p->rows;
        for (; rows >= 4; rows -= 4) {
            y[0] = scaled(&here, full, shifted, x[0] * factor + bias);
            y[channels] = scaled(&here, full, shifted, x[channels] * factor + bias);
            y[2 * channels] = scaled(&here, full, shifted, x[2 * channels] * factor + bias);
            y[3 * channels] = scaled(&here, full, shifted, x[3 * channels] * factor + bias);
            x += 4 * channels;
            y += 4 * channels;
        }
        for (; rows > 0; rows--) {
            *y = scaled(&here, full, shifted, *x * factor + bias);
            x += channels;
            y += channels;
        }
    }
}

#if TDF_HAS_DSP && defined(__OPTIMIZE__)

// Factors of -255 to 255 that are shifted to the left by more are no halves.
#define MOST_LEFT 7

#define MULTIPLY(half, values, factors, place)                                                                         \
    "smul" half " %[value], %[" values "], %[" factors "]\n smmlar %[result], %[value], %[multiplier], %[offset]\n"    \
    "add %[result], %[result], %[value], asr #31\n asr %[result], %[result], %[shift]\n"                               \
    "ssat %[result], #8, %[result]\n strb %[result], [%[output], #" place "]\n"

// Four neighbouring channels in the full range, by the factors of the even and of the odd ones, as halves. In assembly,
// because compilers keep half of this on the stack.
static inline void multiply_four(const tdf_multiply_dsp_parameters *p, int32_t even_factors, int32_t odd_factors,
                                 const int8_t *input, int8_t *output) {
    const int32_t offsets = tdf_pack_low(p->first_offset, p->first_offset), multiplier = p->multiplier,
                  offset = p->offset;
    const uint32_t channels = p->channels, shift = p->shift;
    for (uint32_t rows = p->rows; rows > 0; rows--) {
        int32_t even, odd, value, result;
        __asm__ volatile("ldr %[odd], [%[input]]\n sxtab16 %[even], %[offsets], %[odd]\n sxtab16 %[odd], %[offsets], "
                         "%[odd], ror #8\n" MULTIPLY("bb", "even", "even_factors", "0")
                             MULTIPLY("bb", "odd", "odd_factors", "1") MULTIPLY("tt", "even", "even_factors", "2")
                                 MULTIPLY("tt", "odd", "odd_factors", "3")
                         : [even] "=&r"(even), [odd] "=&r"(odd), [value] "=&r"(value), [result] "=&r"(result)
                         : [input] "r"(input), [output] "r"(output), [offsets] "r"(offsets), [offset] "r"(offset),
                           [multiplier] "r"(multiplier), [shift] "r"(shift), [even_factors] "r"(even_factors),
                           [odd_factors] "r"(odd_factors)
                         : "memory");
        input += channels;
        output += channels;
    }
}

// As many channels as are whole fours; gives how many.
static inline uint32_t multiply_fours(const tdf_multiply_dsp_parameters *p, const int8_t *first, const int8_t *second,
                                      int8_t *output) {
    const int32_t offsets = tdf_pack_low(p->second_offset, p->second_offset);
    const uint32_t end = p->left <= MOST_LEFT ? p->channels / 4 * 4 : 0;
    for (uint32_t at = 0; at < end; at += 4) {
        const int32_t word = tdf_load_word(second + at);
        int32_t even = tdf_add_even_bytes(offsets, word), odd = tdf_add_odd_bytes(offsets, word);
        for (uint32_t left = p->left; left > 0; left--) {
            even = tdf_double_halves(even);
            odd = tdf_double_halves(odd);
        }
        multiply_four(p, even, odd, first + at, output + at);
    }
    return end;
}

#else

// Without packed halves, channels one by one are as fast.
static inline uint32_t multiply_fours(const tdf_multiply_dsp_parameters *p, const int8_t *first, const int8_t *second,
                                      int8_t *output) {
    (void)p;
    (void)first;
    (void)second;
    (void)output;
    return 0;
}

#endif

// Each apart, so that it has the registers to itself.
__attribute__((noinline)) TDF_HOT static void multiply_full(const tdf_multiply_dsp_parameters *p, const int8_t *first,
                                                            const int8_t *second, int8_t *output) {
    multiply_each(p, 1, 1, multiply_fours(p, first, second, output), first, second, output);
}

__attribute__((noinline)) TDF_HOT static void multiply_held(const tdf_multiply_dsp_parameters *p, const int8_t *first,
                                                            const int8_t *second, int8_t *output) {
    multiply_each(p, 0, 1, 0, first, second, output);
}

__attribute__((noinline)) TDF_HOT static void multiply_up(const tdf_multiply_dsp_parameters *p, const int8_t *first,
                                                          const int8_t *second, int8_t *output) {
    multiply_each(p, 0, 0, 0, first, second, output);
}

TDF_HOT void tdf_multiply_dsp(const tdf_multiply_dsp_parameters *p, const int8_t *first, const int8_t *second,
                              int8_t *output) {
    if (p->shift == 0) {
        multiply_up(p, first, second, output);
    } else if (p->low == INT8_MIN && p->high == INT8_MAX) {
        multiply_full(p, first, second, output);
    } else {
        multiply_held(p, first, second, output);
    }
}

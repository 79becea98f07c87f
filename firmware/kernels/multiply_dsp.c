#include "kernels.h"

// All channels, one after the other. Whether the range is `full` (that of int8), and whether products are rounded a
// second time, by a shift, is known when this is compiled.
static inline void multiply_all(const multiply_dsp_parameters *p, uint32_t full, uint32_t shifted, const int8_t *first,
                                const int8_t *second, int8_t *output) {
    const int32_t multiplier = p->multiplier, offset = p->offset, shift = p->shift;
    const uint32_t channels = p->channels;
    const int8_t *end = second + channels;
#define MULTIPLY(at)                                                                                                   \
    do {                                                                                                               \
        const int32_t value = x[at] * factor + bias;                                                                   \
        const int32_t rounded = smmlar(value, multiplier, offset);                                                     \
        const int32_t scaled = shifted ? (rounded + (value >> 31)) >> shift : rounded;                                 \
        y[at] = full ? (int8_t)saturate_8(scaled) : clamp(scaled, p->low, p->high);                                    \
    } while (0)
    while (second < end) {
        const int32_t factor = (*second++ + p->second_offset) * (1 << p->left), bias = factor * p->first_offset;
        const int8_t *x = first++;
        int8_t *y = output++;
        uint32_t rows = p->rows;
        for (; rows >= 4; rows -= 4) {
            MULTIPLY(0);
            MULTIPLY(channels);
            MULTIPLY(2 * channels);
            MULTIPLY(3 * channels);
            x += 4 * channels;
            y += 4 * channels;
        }
        for (; rows > 0; rows--) {
            MULTIPLY(0);
            x += channels;
            y += channels;
        }
    }
#undef MULTIPLY
}

// Each apart, so that it has the registers to itself.
__attribute__((noinline)) TINYDF_HOT static void multiply_full(const multiply_dsp_parameters *p, const int8_t *first,
                                                               const int8_t *second, int8_t *output) {
    multiply_all(p, 1, 1, first, second, output);
}

__attribute__((noinline)) TINYDF_HOT static void multiply_held(const multiply_dsp_parameters *p, const int8_t *first,
                                                               const int8_t *second, int8_t *output) {
    multiply_all(p, 0, 1, first, second, output);
}

__attribute__((noinline)) TINYDF_HOT static void multiply_up(const multiply_dsp_parameters *p, const int8_t *first,
                                                             const int8_t *second, int8_t *output) {
    multiply_all(p, 0, 0, first, second, output);
}

TINYDF_HOT void multiply_dsp(const multiply_dsp_parameters *p, const int8_t *first, const int8_t *second,
                             int8_t *output) {
    if (p->shift == 0) {
        multiply_up(p, first, second, output);
    } else if (p->low == INT8_MIN && p->high == INT8_MAX) {
        multiply_full(p, first, second, output);
    } else {
        multiply_held(p, first, second, output);
    }
}

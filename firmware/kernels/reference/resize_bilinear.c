/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

#define ONE 1024

// A sum of weights of 1024 times 1024, back to one: rounded to nearest, a half away from zero.
static inline int8_t weighted(int32_t sum) {
    return (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
}

TDF_HOT void tdf_resize_bilinear(const tdf_resize_parameters *p, const int8_t *input, int8_t *output) {
    const int32_t channels = p->channels, pitch = p->input_width * channels;
    for (uint32_t y = 0; y < p->output_height; y++) {
        const int16_t *row = p->rows + 3 * y;
        const int8_t *upper = input + row[0] * pitch, *lower = input + row[1] * pitch;
        for (uint32_t x = 0; x < p->output_width; x++) {
            const int16_t *column = p->columns + 3 * x;
            const int32_t left = column[0] * channels, right = column[1] * channels;
            const int32_t down = row[2], across = column[2];
            for (int32_t c = 0; c < channels; c++) {
                const int32_t above = upper[left + c] * (ONE - across) + upper[right + c] * across;
                const int32_t below = lower[left + c] * (ONE - across) + lower[right + c] * across;
                *output++ = weighted(above * (ONE - down) + below * down);
            }
        }
    }
}

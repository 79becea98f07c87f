/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"
#include "sum_dsp.h"

static inline int8_t mean_of(const tdf_pool_parameters *p, int32_t sum, int32_t count) {
    return tdf_clamp((sum > 0 ? sum + count / 2 : sum - count / 2) / count, p->low, p->high);
}

// Writes four channels of one output, or the first `count`.
static inline void pool_4(const tdf_pool_parameters *p, const int8_t *input, const tdf_extent *e, uint32_t count,
                          int8_t *output) {
    const int32_t width = e->right - e->left;
    int32_t sums[4] = {0, 0, 0, 0};
    for (int32_t y = e->top; y < e->bottom; y++) {
        const int8_t *row = input + (y * p->window.input_width + e->left) * p->channels;
        if (count == 4) {
            tdf_sum_4(row, (uint32_t)width, p->channels, sums);
        } else {
            for (int32_t x = 0; x < width; x++) {
                for (uint32_t j = 0; j < count; j++) {
                    sums[j] += row[x * p->channels + (int32_t)j];
                }
            }
        }
    }
    for (uint32_t j = 0; j < count; j++) {
        output[j] = mean_of(p, sums[j], (e->bottom - e->top) * width);
    }
}

TDF_HOT void tdf_average_pool_2d_dsp(const tdf_pool_parameters *p, const int8_t *input, int8_t *output) {
    for (int32_t y = 0; y < p->window.output_height; y++) {
        for (int32_t x = 0; x < p->window.output_width; x++) {
            const tdf_extent e = tdf_clip(&p->window, y, x);
            for (uint32_t c = 0; c < p->channels; c += 4) {
                const uint32_t left = p->channels - c;
                pool_4(p, input + c, &e, left < 4 ? left : 4, output + c);
            }
            output += p->channels;
        }
    }
}

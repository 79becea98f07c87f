/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

static inline int32_t window_sum(const tdf_pool_parameters *p, const int8_t *input, const tdf_extent *e) {
    int32_t sum = 0;
    for (int32_t y = e->top; y < e->bottom; y++) {
        for (int32_t x = e->left; x < e->right; x++) {
            sum += input[(y * p->window.input_width + x) * p->channels];
        }
    }
    return sum;
}

TDF_HOT void tdf_average_pool_2d(const tdf_pool_parameters *p, const int8_t *input, int8_t *output) {
    for (int32_t y = 0; y < p->window.output_height; y++) {
        for (int32_t x = 0; x < p->window.output_width; x++) {
            const tdf_extent e = tdf_clip(&p->window, y, x);
            const int32_t count = (e.bottom - e.top) * (e.right - e.left);
            for (int32_t c = 0; c < p->channels; c++) {
                const int32_t sum = window_sum(p, input + c, &e);
                const int32_t mean = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
                *output++ = tdf_clamp(mean, p->low, p->high);
            }
        }
    }
}

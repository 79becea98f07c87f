/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

static inline int32_t window_maximum(const tdf_pool_parameters *p, const int8_t *input, const tdf_extent *e) {
    int32_t largest = INT8_MIN;
    for (int32_t y = e->top; y < e->bottom; y++) {
        for (int32_t x = e->left; x < e->right; x++) {
            largest = tdf_max(largest, input[(y * p->window.input_width + x) * p->channels]);
        }
    }
    return largest;
}

TDF_HOT void tdf_max_pool_2d(const tdf_pool_parameters *p, const int8_t *input, int8_t *output) {
    for (int32_t y = 0; y < p->window.output_height; y++) {
        for (int32_t x = 0; x < p->window.output_width; x++) {
            const tdf_extent e = tdf_clip(&p->window, y, x);
            for (int32_t c = 0; c < p->channels; c++) {
                *output++ = tdf_clamp(window_maximum(p, input + c, &e), p->low, p->high);
            }
        }
    }
}

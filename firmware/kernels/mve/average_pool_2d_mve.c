/* SPDX-License-Identifier: Apache-2.0 */
#include "mve.h"
#include "pool.h"

#define CHANNELS 4

// The sums of `count` channels, at most four, over a part of the image.
static inline void sum_extent(const tdf_pool_parameters *p, const int8_t *input, const tdf_extent *e, uint32_t count,
                              int32_t sums[CHANNELS]) {
#if TDF_HAS_MVE
    const mve_pred16_t there = vctp32q(count);
    int32x4_t total = vdupq_n_s32(0);
    for (int32_t y = e->top; y < e->bottom; y++) {
        const int8_t *pixel = input + (y * p->window.input_width + e->left) * p->channels;
        for (int32_t x = e->left; x < e->right; x++) {
            total = vaddq_s32(total, vldrbq_z_s32(pixel, there));
            pixel += p->channels;
        }
    }
    vstrwq_s32(sums, total);
#else
    memset(sums, 0, CHANNELS * sizeof *sums);
    for (int32_t y = e->top; y < e->bottom; y++) {
        for (int32_t x = e->left; x < e->right; x++) {
            for (uint32_t c = 0; c < count; c++) {
                sums[c] += input[(y * p->window.input_width + x) * p->channels + (int32_t)c];
            }
        }
    }
#endif
}

TDF_HOT void tdf_average_pool_2d_mve(const tdf_pool_parameters *p, const int8_t *input, int8_t *output) {
    for (int32_t y = 0; y < p->window.output_height; y++) {
        for (int32_t x = 0; x < p->window.output_width; x++) {
            const tdf_extent e = tdf_clip(&p->window, y, x);
            const int32_t count = (e.bottom - e.top) * (e.right - e.left);
            for (uint32_t c = 0; c < p->channels; c += CHANNELS) {
                const uint32_t channels = p->channels - c < CHANNELS ? p->channels - c : CHANNELS;
                int32_t sums[CHANNELS];
                sum_extent(p, input + c, &e, channels, sums);
                for (uint32_t j = 0; j < channels; j++) {
                    const int32_t half = sums[j] > 0 ? count / 2 : -(count / 2);
                    output[c + j] = tdf_clamp((sums[j] + half) / count, p->low, p->high);
                }
            }
            output += p->channels;
        }
    }
}

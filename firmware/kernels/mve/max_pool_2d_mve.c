/* SPDX-License-Identifier: Apache-2.0 */
// Sixteen channels of one output at a time.
#include "mve.h"
#include "pool.h"

#define CHANNELS 16

// The largest of each of `count` channels, at most sixteen, over the part of a window that lies within the image.
static inline void largest(const tdf_pool_parameters *p, const int8_t *input, const tdf_extent *e, uint32_t count,
                           int8_t *output) {
    const int32_t channels = p->channels, pitch = p->window.input_width * channels;
    const int8_t *row = input;
#if TDF_HAS_MVE
    const mve_pred16_t there = vctp8q(count);
    int8x16_t found = vdupq_n_s8(p->low);
    for (int32_t y = e->top; y < e->bottom; y++, row += pitch) {
        const int8_t *pixel = row;
        for (int32_t x = e->left; x < e->right; x++, pixel += channels) {
            found = vmaxq_s8(found, vldrbq_z_s8(pixel, there));
        }
    }
    vstrbq_p_s8(output, vminq_s8(found, vdupq_n_s8(p->high)), there);
#else
    for (uint32_t c = 0; c < count; c++) {
        output[c] = p->low;
    }
    for (int32_t y = e->top; y < e->bottom; y++, row += pitch) {
        for (int32_t x = e->left; x < e->right; x++) {
            for (uint32_t c = 0; c < count; c++) {
                output[c] = (int8_t)tdf_max(output[c], row[(x - e->left) * channels + (int32_t)c]);
            }
        }
    }
    for (uint32_t c = 0; c < count; c++) {
        output[c] = (int8_t)tdf_min(output[c], p->high);
    }
#endif
}

TDF_HOT void tdf_max_pool_2d_mve(const tdf_pool_parameters *p, const int8_t *input, int8_t *output) {
    for (int32_t y = 0; y < p->window.output_height; y++) {
        for (int32_t x = 0; x < p->window.output_width; x++) {
            const tdf_extent e = tdf_clip(&p->window, y, x);
            const int8_t *first = input + (e.top * p->window.input_width + e.left) * p->channels;
            for (uint32_t c = 0; c < p->channels; c += CHANNELS) {
                const uint32_t left = p->channels - c;
                largest(p, first + c, &e, left < CHANNELS ? left : CHANNELS, output + c);
            }
            output += p->channels;
        }
    }
}

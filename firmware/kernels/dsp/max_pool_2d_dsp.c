/* SPDX-License-Identifier: Apache-2.0 */
// Two words of four channels of one output at a time: by the DSP extension, else each channel on its own. The last
// words of a pixel may overlap those before.
#include <stdbool.h>

#include "pool.h"

#define WORD 4

#if TDF_HAS_DSP

// The largest of each of four channels, and of those `next` bytes on, over the part of a window within the image.
static inline void largest_8(const tdf_pool_parameters *p, const int8_t *input, const tdf_extent *e, uint32_t next,
                             int8_t *output) {
    int32_t first = tdf_load_word(input), second = tdf_load_word(input + next);
    const int32_t channels = p->channels, pitch = p->window.input_width * channels;
    const int8_t *row = input;
    for (int32_t y = e->top; y < e->bottom; y++, row += pitch) {
        const int8_t *pixel = row;
        for (int32_t x = e->left; x < e->right; x++, pixel += channels) {
            first = tdf_maximum_4(first, tdf_load_word(pixel));
            second = tdf_maximum_4(second, tdf_load_word(pixel + next));
        }
    }
    memcpy(output, &first, sizeof first);
    memcpy(output + next, &second, sizeof second);
}

#else

static inline void largest_8(const tdf_pool_parameters *p, const int8_t *input, const tdf_extent *e, uint32_t next,
                             int8_t *output) {
    int32_t c0 = INT8_MIN, c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
    const int32_t channels = p->channels, pitch = p->window.input_width * channels;
    const int8_t *row = input;
    for (int32_t y = e->top; y < e->bottom; y++, row += pitch) {
        const int8_t *pixel = row;
        for (int32_t x = e->left; x < e->right; x++, pixel += channels) {
            c0 = tdf_max(c0, pixel[0]);
            c1 = tdf_max(c1, pixel[1]);
            c2 = tdf_max(c2, pixel[2]);
            c3 = tdf_max(c3, pixel[3]);
            c4 = tdf_max(c4, pixel[next + 0]);
            c5 = tdf_max(c5, pixel[next + 1]);
            c6 = tdf_max(c6, pixel[next + 2]);
            c7 = tdf_max(c7, pixel[next + 3]);
        }
    }
    output[0] = (int8_t)c0;
    output[1] = (int8_t)c1;
    output[2] = (int8_t)c2;
    output[3] = (int8_t)c3;
    output[next] = (int8_t)c4;
    output[next + 1] = (int8_t)c5;
    output[next + 2] = (int8_t)c6;
    output[next + 3] = (int8_t)c7;
}

#endif

static inline int8_t largest(const tdf_pool_parameters *p, const int8_t *input, const tdf_extent *e) {
    int32_t found = INT8_MIN;
    for (int32_t y = e->top; y < e->bottom; y++) {
        for (int32_t x = e->left; x < e->right; x++) {
            found = tdf_max(found, input[((y - e->top) * p->window.input_width + x - e->left) * p->channels]);
        }
    }
    return (int8_t)found;
}

TDF_HOT void tdf_max_pool_2d_dsp(const tdf_pool_parameters *p, const int8_t *input, int8_t *output) {
    const bool full = p->low == INT8_MIN && p->high == INT8_MAX;
    for (int32_t y = 0; y < p->window.output_height; y++) {
        for (int32_t x = 0; x < p->window.output_width; x++) {
            const tdf_extent e = tdf_clip(&p->window, y, x);
            const int8_t *first = input + (e.top * p->window.input_width + e.left) * p->channels;
            for (uint32_t c = 0; c < p->channels && p->channels >= WORD; c += 2 * WORD) {
                const uint32_t last = p->channels - WORD, at = c < last ? c : last;
                largest_8(p, first + at, &e, at + WORD < last ? WORD : last - at, output + at);
            }
            for (uint32_t c = 0; c < p->channels && p->channels < WORD; c++) {
                output[c] = largest(p, first + c, &e);
            }
            for (uint32_t c = 0; !full && c < p->channels; c++) {
                output[c] = tdf_clamp(output[c], p->low, p->high);
            }
            output += p->channels;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_dsp.h"
#include "window.h"

// Where a window starts.
typedef struct {
    int32_t top;
    int32_t left;
} corner;

// One row of a window, which is copied to `copy` if it leaves the image.
static inline const int8_t *window_row(const tdf_conv_2d_dsp_parameters *p, const int8_t *input, corner at, int32_t row,
                                       int8_t *copy) {
    const tdf_window *w = &p->window;
    const int32_t channels = p->input_channels, y = at.top + row;
    const int32_t before = tdf_max(-at.left, 0);
    const int32_t end = tdf_min(w->input_width - at.left, w->kernel_width);
    if (before == 0 && end == w->kernel_width && (uint32_t)y < w->input_height) {
        return input + (y * w->input_width + at.left) * channels;
    }
    memset(copy, p->padding_value, (size_t)(w->kernel_width * channels));
    if ((uint32_t)y < w->input_height && before < end) {
        memcpy(copy + before * channels, input + (y * w->input_width + at.left + before) * channels,
               (size_t)((end - before) * channels));
    }
    return copy;
}

static inline int is_inside(const tdf_window *w, corner at) {
    return at.top >= 0 && at.left >= 0 && at.top + w->kernel_height <= w->input_height &&
           at.left + w->kernel_width <= w->input_width;
}

TDF_HOT void tdf_conv_2d_dsp(const tdf_conv_2d_dsp_parameters *p, const int8_t *input, const int8_t *other,
                             int8_t *output, int8_t *scratch) {
    const tdf_window *w = &p->window;
    const uint32_t run = (uint32_t)w->kernel_width * p->input_channels;
    const uint32_t row_bytes = (uint32_t)w->input_width * p->input_channels;
    const uint32_t pixels = (uint32_t)w->output_height * w->output_width;
    const uint32_t rounds = (pixels + TDF_DOT_PIXELS - 1) / TDF_DOT_PIXELS;
    int32_t *pairs = (int32_t *)(void *)scratch;
    int8_t *sums = scratch + 24u * p->dot.groups;
    int8_t *copies = p->sum == NULL ? sums : sums + TDF_DOT_PIXELS * (uint32_t)p->dot.output_channels;
    for (uint32_t round = 0; round < rounds; round++) {
        const uint32_t i = (p->backward ? rounds - 1 - round : round) * TDF_DOT_PIXELS;
        const uint32_t count = pixels - i < TDF_DOT_PIXELS ? pixels - i : TDF_DOT_PIXELS;
        uint32_t y = i / w->output_width, x = i % w->output_width;
        corner corners[TDF_DOT_PIXELS];
        for (uint32_t j = 0; j < TDF_DOT_PIXELS; j++) {
            corners[j] =
                (corner){(int32_t)(y * w->stride_y) - w->padding_top, (int32_t)(x * w->stride_x) - w->padding_left};
            if (j + 1 < count && ++x == w->output_width) {
                x = 0;
                y++;
            }
        }
        int32_t *to = pairs;
        if (is_inside(w, corners[0]) && is_inside(w, corners[1]) && is_inside(w, corners[2])) {
            const int8_t *a = input + (corners[0].top * w->input_width + corners[0].left) * p->input_channels;
            const int8_t *b = input + (corners[1].top * w->input_width + corners[1].left) * p->input_channels;
            const int8_t *c = input + (corners[2].top * w->input_width + corners[2].left) * p->input_channels;
            for (uint32_t row = w->kernel_height; row > 0; row--) {
                to = tdf_unpack_run(a, b, c, run, to);
                a += row_bytes;
                b += row_bytes;
                c += row_bytes;
            }
        } else {
            for (int32_t row = 0; row < w->kernel_height; row++) {
                const int8_t *a = window_row(p, input, corners[0], row, copies);
                const int8_t *b = window_row(p, input, corners[1], row, copies + run);
                const int8_t *c = window_row(p, input, corners[2], row, copies + 2 * run);
                to = tdf_unpack_run(a, b, c, run, to);
            }
        }
        const size_t at = (size_t)i * p->dot.output_channels;
        tdf_dot_and_add(&p->dot, p->sum, pairs, count, other, at, output, sums);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "window.h"

// The sum over one window, for one output channel that reads input channels [first, first + depth).
static inline int32_t convolve(const tdf_conv_2d_parameters *p, const int8_t *input, const int8_t *outside, int32_t top,
                               int32_t left, int32_t first, int32_t depth, const int8_t *weights) {
    const tdf_window *w = &p->window;
    int32_t sum = 0;
    for (int32_t i = 0; i < w->kernel_height; i++) {
        for (int32_t j = 0; j < w->kernel_width; j++) {
            const int32_t y = top + i * w->dilation_y;
            const int32_t x = left + j * w->dilation_x;
            const int8_t *pixel = tdf_pixel_or(w, input, y, x, p->input_channels, outside) + first;
            for (int32_t c = 0; c < depth; c++) {
                sum += *weights++ * pixel[c];
            }
        }
    }
    return sum;
}

TDF_HOT void tdf_conv_2d(const tdf_conv_2d_parameters *p, const int8_t *input, int8_t *output, int8_t *scratch) {
    const tdf_window *w = &p->window;
    const tdf_requantisation *q = &p->requantisation;
    const int32_t depth = p->input_channels / p->groups;
    const int32_t filters = p->output_channels / p->groups;
    const int32_t weights_per_channel = w->kernel_height * w->kernel_width * depth;
    if (scratch != NULL) {
        memset(scratch, p->padding_value, p->input_channels);
    }
    for (int32_t y = 0; y < w->output_height; y++) {
        for (int32_t x = 0; x < w->output_width; x++) {
            const int32_t top = y * w->stride_y - w->padding_top;
            const int32_t left = x * w->stride_x - w->padding_left;
            for (int32_t c = 0; c < p->output_channels; c++) {
                const int32_t sum = p->bias[c] + convolve(p, input, scratch, top, left, c / filters * depth, depth,
                                                          p->weights + c * weights_per_channel);
                *output++ =
                    tdf_clamp(tdf_requantise(sum, q->multiplier[c], q->shift[c]) + q->zero_point, q->low, q->high);
            }
        }
    }
}

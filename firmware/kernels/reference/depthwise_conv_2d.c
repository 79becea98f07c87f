/* SPDX-License-Identifier: Apache-2.0 */
#include "window.h"

TDF_HOT void tdf_depthwise_conv_2d(const tdf_depthwise_conv_2d_parameters *p, const int8_t *input, int8_t *output,
                                   int8_t *scratch) {
    const tdf_window *w = &p->window;
    const tdf_requantisation *q = &p->requantisation;
    const int32_t channels = p->input_channels * p->depth_multiplier;
    if (scratch != NULL) {
        memset(scratch, p->padding_value, p->input_channels);
    }
    for (int32_t y = 0; y < w->output_height; y++) {
        for (int32_t x = 0; x < w->output_width; x++) {
            const int32_t top = y * w->stride_y - w->padding_top;
            const int32_t left = x * w->stride_x - w->padding_left;
            for (int32_t c = 0; c < channels; c++) {
                const int8_t *weight = p->weights + c;
                const int32_t source = p->depth_multiplier == 1 ? c : c / p->depth_multiplier;
                int32_t sum = p->bias[c];
                for (int32_t i = 0; i < w->kernel_height; i++) {
                    for (int32_t j = 0; j < w->kernel_width; j++) {
                        sum += *weight * tdf_pixel_or(w, input, top + i * w->dilation_y, left + j * w->dilation_x,
                                                      p->input_channels, scratch)[source];
                        weight += channels;
                    }
                }
                *output++ =
                    tdf_clamp(tdf_requantise(sum, q->multiplier[c], q->shift[c]) + q->zero_point, q->low, q->high);
            }
        }
    }
}

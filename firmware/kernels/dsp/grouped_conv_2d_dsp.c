/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_dsp.h"
#include "window.h"

TDF_HOT void tdf_grouped_conv_2d_dsp(const tdf_grouped_conv_2d_dsp_parameters *p, const int8_t *input, int8_t *output,
                                     int8_t *scratch) {
    const tdf_window *w = &p->window;
    const uint32_t pixels = (uint32_t)w->output_height * w->output_width, inputs = p->group_inputs;
    const int32_t channels = p->groups * p->group_inputs;
    int32_t *pairs = (int32_t *)(void *)scratch;
    int8_t *padding = scratch + 24u * p->dot.groups;
    if (p->leaves_image) {
        memset(padding, p->padding_value, inputs);
    }
    for (uint32_t i = 0; i < pixels; i += TDF_DOT_PIXELS) {
        const uint32_t count = pixels - i < TDF_DOT_PIXELS ? pixels - i : TDF_DOT_PIXELS;
        const uint32_t second = count > 1 ? i + 1 : i, third = count > 2 ? i + 2 : second;
        int8_t *to = output + (size_t)i * p->dot.pitch;
        tdf_dot_parameters dot = p->dot;
        for (uint32_t group = 0; group < p->groups; group++) {
            const int8_t *from = input + group * inputs;
            int32_t *next = pairs;
            for (uint32_t row = 0; row < w->kernel_height; row++) {
                for (uint32_t column = 0; column < w->kernel_width; column++) {
                    next =
                        tdf_unpack_run(tdf_window_pixel(w, from, i, row, column, channels, padding),
                                       tdf_window_pixel(w, from, second, row, column, channels, padding),
                                       tdf_window_pixel(w, from, third, row, column, channels, padding), inputs, next);
                }
            }
            tdf_dot_pixels(&dot, pairs, count, to);
            to += dot.output_channels;
            dot.weights += (dot.output_channels + 1u) / 2 * dot.groups * 8;
            dot.channels += (dot.output_channels + 1u) / 2;
        }
    }
}

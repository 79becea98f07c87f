/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_rv32.h"
#include "window.h"

// One row of a window that starts at (top, left), which is copied to `copy` if it leaves the image.
static inline const int8_t *window_row(const tdf_conv_2d_rv32_parameters *p, const int8_t *input, int32_t y,
                                       int32_t left, int8_t *copy) {
    const tdf_window *w = &p->window;
    const int32_t channels = p->input_channels;
    const int32_t before = tdf_max(-left, 0);
    const int32_t end = tdf_min(w->input_width - left, w->kernel_width);
    if (before == 0 && end == w->kernel_width && (uint32_t)y < w->input_height) {
        return input + (y * w->input_width + left) * channels;
    }
    memset(copy, p->padding_value, (size_t)(w->kernel_width * channels));
    if ((uint32_t)y < w->input_height && before < end) {
        memcpy(copy + before * channels, input + (y * w->input_width + left + before) * channels,
               (size_t)((end - before) * channels));
    }
    return copy;
}

TDF_HOT void tdf_conv_2d_rv32(const tdf_conv_2d_rv32_parameters *p, const int8_t *input, int8_t *output,
                              int8_t *scratch) {
    const tdf_window *w = &p->window;
    const uint32_t run = (uint32_t)w->kernel_width * p->input_channels;
    const uint32_t pixels = (uint32_t)w->output_height * w->output_width;
    const uint32_t rounds = (pixels + TDF_RV32_PIXELS - 1) / TDF_RV32_PIXELS;
    int32_t *columns = (int32_t *)(void *)scratch;
    int8_t *copies = scratch + 8u * p->dot.inputs;
    for (uint32_t round = 0; round < rounds; round++) {
        const uint32_t first = (p->backward ? rounds - 1 - round : round) * TDF_RV32_PIXELS;
        int32_t top[TDF_RV32_PIXELS], left[TDF_RV32_PIXELS];
        int8_t *outputs[TDF_RV32_PIXELS];
        for (uint32_t j = 0; j < TDF_RV32_PIXELS; j++) {
            const uint32_t i = first + j < pixels ? first + j : pixels - 1;
            top[j] = (int32_t)(i / w->output_width * w->stride_y) - w->padding_top;
            left[j] = (int32_t)(i % w->output_width * w->stride_x) - w->padding_left;
            outputs[j] = output + (size_t)i * p->dot.output_channels;
        }
        int32_t *next = columns;
        for (int32_t row = 0; row < w->kernel_height; row++) {
            const int8_t *inputs[TDF_RV32_PIXELS];
            for (uint32_t j = 0; j < TDF_RV32_PIXELS; j++) {
                inputs[j] = window_row(p, input, top[j] + row, left[j], copies + j * run);
            }
            next = tdf_pair_inputs(inputs, run, next);
        }
        tdf_dot_rv32(&p->dot, columns, outputs);
    }
}

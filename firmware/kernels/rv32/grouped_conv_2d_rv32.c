/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_rv32.h"
#include "window.h"

TDF_HOT void tdf_grouped_conv_2d_rv32(const tdf_grouped_conv_2d_rv32_parameters *p, const int8_t *input, int8_t *output,
                                      int8_t *scratch) {
    const tdf_window *w = &p->window;
    const uint32_t pixels = (uint32_t)w->output_height * w->output_width, filters = p->dot.output_channels;
    const int32_t channels = p->groups * p->group_inputs;
    const uint32_t padded = (filters + TDF_RV32_CHANNELS - 1) / TDF_RV32_CHANNELS * TDF_RV32_CHANNELS;
    int32_t *columns = (int32_t *)(void *)scratch;
    int8_t *padding = scratch + 8u * p->dot.inputs;
    if (p->leaves_image) {
        memset(padding, p->padding_value, p->group_inputs);
    }
    for (uint32_t first = 0; first < pixels; first += TDF_RV32_PIXELS) {
        tdf_dot_rv32_parameters dot = p->dot;
        for (uint32_t group = 0; group < p->groups; group++) {
            int32_t *next = columns;
            for (uint32_t row = 0; row < w->kernel_height; row++) {
                for (uint32_t column = 0; column < w->kernel_width; column++) {
                    const int8_t *inputs[TDF_RV32_PIXELS];
                    for (uint32_t j = 0; j < TDF_RV32_PIXELS; j++) {
                        const uint32_t i = first + j < pixels ? first + j : pixels - 1;
                        inputs[j] =
                            tdf_window_pixel(w, input + group * p->group_inputs, i, row, column, channels, padding);
                    }
                    next = tdf_pair_inputs(inputs, p->group_inputs, next);
                }
            }
            int8_t *outputs[TDF_RV32_PIXELS];
            for (uint32_t j = 0; j < TDF_RV32_PIXELS; j++) {
                const uint32_t i = first + j < pixels ? first + j : pixels - 1;
                outputs[j] = output + ((size_t)i * p->groups + group) * filters;
            }
            tdf_dot_rv32(&dot, columns, outputs);
            dot.weights += padded * dot.inputs;
            dot.channels += padded;
        }
    }
}

#include "dot_mve.h"

// The window of an output pixel, gathered in `column`.
static inline void gather_column(const conv_2d_mve_parameters *p, const int8_t *input, uint32_t i, int8_t *column) {
    const window *w = &p->window;
    const int32_t channels = p->input_channels, run = w->kernel_width * channels;
    const int32_t row_bytes = w->input_width * channels;
    const int32_t top = (int32_t)(i / w->output_width * w->stride_y) - w->padding_top;
    const int32_t left = (int32_t)(i % w->output_width * w->stride_x) - w->padding_left;
    const int32_t last_top = w->input_height - w->kernel_height, last_left = w->input_width - w->kernel_width;
    if (top >= 0 && left >= 0 && top <= last_top && left <= last_left) {
        const int8_t *row = input + top * row_bytes + left * channels;
        for (uint32_t y = w->kernel_height; y > 0; y--) {
            copy_bytes(column, row, (uint32_t)run);
            column += run;
            row += row_bytes;
        }
        return;
    }
    const int32_t before = maximum(-left, 0), end = minimum(w->input_width - left, w->kernel_width);
    const int32_t inside = maximum(end - before, 0) * channels;
    for (int32_t y = top; y < top + w->kernel_height; y++) {
        fill_bytes(column, p->padding_value, (uint32_t)run);
        if (inside > 0 && (uint32_t)y < w->input_height) {
            copy_bytes(column + before * channels, input + y * row_bytes + (left + before) * channels,
                       (uint32_t)inside);
        }
        column += run;
    }
}

TINYDF_HOT void conv_2d_mve(const conv_2d_mve_parameters *p, const int8_t *input, int8_t *output, int8_t *scratch) {
    const uint32_t outputs = p->dot.output_channels;
    const uint32_t pixels = (uint32_t)p->window.output_height * p->window.output_width;
    const uint32_t rounds = (pixels + 1) / 2;
    int8_t *second = scratch + whole_groups(p->dot.inputs);
    for (uint32_t round = 0; round < rounds; round++) {
        const uint32_t i = 2 * (p->backward ? rounds - 1 - round : round);
        const uint32_t other = i + 1 < pixels ? 1 : 0;
        gather_column(p, input, i, scratch);
        gather_column(p, input, i + other, second);
        dot_mve(&p->dot, scratch, second, other * outputs, output + (size_t)i * outputs);
    }
}

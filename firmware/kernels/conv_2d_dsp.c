#include "dot_dsp.h"
#include "window.h"

// Copies the window of one pixel, row by row, into a column of bytes.
static void copy_window(const conv_2d_dsp_parameters *p, const int8_t *input, int32_t top, int32_t left,
                        int8_t *column) {
    const window *w = &p->window;
    const int32_t channels = p->input_channels;
    const int32_t before = maximum(-left, 0);
    const int32_t after = maximum(left + w->kernel_width - w->input_width, 0);
    const size_t inside = (size_t)((w->kernel_width - before - after) * channels);
    memset(column, p->padding_value, p->dot.inputs);
    for (int32_t y = top; y < top + w->kernel_height; y++) {
        if (y >= 0 && y < w->input_height) {
            memcpy(column + before * channels, input + (y * w->input_width + left + before) * channels, inside);
        }
        column += w->kernel_width * channels;
    }
}

static inline int32_t is_inside(const window *w, int32_t top, int32_t left) {
    return top >= 0 && left >= 0 && top + w->kernel_height <= w->input_height &&
           left + w->kernel_width <= w->input_width;
}

TINYDF_HOT void conv_2d_dsp(const conv_2d_dsp_parameters *p, const int8_t *input, int8_t *output, int8_t *scratch) {
    const window *w = &p->window;
    const int32_t channels = p->input_channels;
    const uint32_t inputs = p->dot.inputs;
    const uint32_t column_bytes = (inputs + 3) / 4 * 4;
    const uint32_t run = (uint32_t)(w->kernel_width * channels);
    const int32_t pitch = w->input_width * channels;
    int32_t *pairs = (int32_t *)(void *)scratch;
    int8_t *columns = scratch + 6 * column_bytes;
    const uint32_t pixels = (uint32_t)w->output_height * w->output_width;
    int32_t top = -w->padding_top, left = -w->padding_left;
    const int32_t right = (w->output_width - 1) * w->stride_x - w->padding_left;
    for (uint32_t i = 0; i < pixels; i += DOT_PIXELS) {
        const int8_t *starts[DOT_PIXELS] = {input, input, input};
        const uint32_t count = pixels - i < DOT_PIXELS ? pixels - i : DOT_PIXELS;
        int32_t direct = run % 4 == 0;
        int32_t tops[DOT_PIXELS], lefts[DOT_PIXELS];
        for (uint32_t j = 0; j < DOT_PIXELS; j++) {
            tops[j] = top;
            lefts[j] = left;
            starts[j] = input + top * pitch + left * channels;
            direct &= is_inside(w, top, left);
            if (j + 1 < count || (j + 1 == DOT_PIXELS && count == DOT_PIXELS)) {
                left += w->stride_x;
                if (left > right) {
                    left = -w->padding_left;
                    top += w->stride_y;
                }
            }
        }
        if (direct) {
            int32_t *to = pairs;
            for (int32_t y = 0; y < w->kernel_height; y++) {
                to = unpack_run(starts[0], starts[1], starts[2], run, to);
                starts[0] += pitch;
                starts[1] += pitch;
                starts[2] += pitch;
            }
        } else {
            for (uint32_t j = 0; j < DOT_PIXELS; j++) {
                copy_window(p, input, tops[j], lefts[j], columns + j * column_bytes);
            }
            unpack_run(columns, columns + column_bytes, columns + 2 * column_bytes, inputs, pairs);
        }
        dot_pixels(&p->dot, pairs, count, output);
        output += DOT_PIXELS * (uint32_t)p->dot.output_channels;
    }
}

#include "dot_dsp.h"
#include "window.h"

// Copies a window that leaves the image, row by row.
static void copy_window(const conv_2d_dsp_parameters *p, const int8_t *input, int32_t top, int32_t left, int8_t *to) {
    const window *w = &p->window;
    const int32_t channels = p->input_channels;
    const int32_t run = w->kernel_width * channels;
    const int32_t before = minimum(maximum(-left, 0), w->kernel_width);
    const int32_t after = minimum(maximum(left + w->kernel_width - w->input_width, 0), w->kernel_width);
    const int32_t inside = maximum(w->kernel_width - before - after, 0);
    memset(to, p->padding_value, (size_t)(w->kernel_height * run));
    for (int32_t y = top; y < top + w->kernel_height; y++) {
        if (y >= 0 && y < w->input_height && inside > 0) {
            memcpy(to + before * channels, input + (y * w->input_width + left + before) * channels,
                   (size_t)(inside * channels));
        }
        to += run;
    }
}

static inline int32_t is_inside(const window *w, int32_t top, int32_t left) {
    return top >= 0 && left >= 0 && top + w->kernel_height <= w->input_height &&
           left + w->kernel_width <= w->input_width;
}

TINYDF_HOT void conv_2d_dsp(const conv_2d_dsp_parameters *p, const int8_t *input, int8_t *output, int8_t *scratch) {
    const window *w = &p->window;
    const int32_t channels = p->input_channels;
    const int32_t run = w->kernel_width * channels;
    const int32_t image_pitch = w->input_width * channels;
    const int32_t last_left = (w->output_width - 1) * w->stride_x - w->padding_left;
    const uint32_t pixels = (uint32_t)w->output_height * w->output_width;
    int32_t *pairs = (int32_t *)(void *)scratch;
    int8_t *copies = scratch + 24u * p->dot.groups;
    int32_t top = -w->padding_top, left = -w->padding_left;
    for (uint32_t i = 0; i < pixels; i += DOT_PIXELS) {
        const uint32_t count = pixels - i < DOT_PIXELS ? pixels - i : DOT_PIXELS;
        const int8_t *starts[DOT_PIXELS];
        int32_t pitches[DOT_PIXELS];
        for (uint32_t j = 0; j < count; j++) {
            starts[j] = input + top * image_pitch + left * channels;
            pitches[j] = image_pitch;
            if (!is_inside(w, top, left)) {
                int8_t *copy = copies + (int32_t)j * w->kernel_height * run;
                copy_window(p, input, top, left, copy);
                starts[j] = copy;
                pitches[j] = run;
            }
            left += w->stride_x;
            if (left > last_left) {
                left = -w->padding_left;
                top += w->stride_y;
            }
        }
        for (uint32_t j = count; j < DOT_PIXELS; j++) {
            starts[j] = starts[j - 1];
            pitches[j] = pitches[j - 1];
        }
        int32_t *to = pairs;
        for (int32_t y = 0; y < w->kernel_height; y++) {
            to = unpack_run(starts[0] + y * pitches[0], starts[1] + y * pitches[1], starts[2] + y * pitches[2],
                            (uint32_t)run, to);
        }
        dot_pixels(&p->dot, pairs, count, output);
        output += DOT_PIXELS * (uint32_t)p->dot.output_channels;
    }
}

// One channel at a time: its rows are copied, with their padding, so that neighbours lie side by side and the nine
// weights stay in registers. The output may lie upon the input: row y is written when all rows that read it are copied.
#include "dot_rv32.h"
#include "window.h"

// Copies row `y` of a channel to `row`, with its padding; `input` is the channel's first pixel.
static inline void copy_row(const depthwise_3x3_rv32_parameters *p, const int8_t *input, int32_t y, int8_t *row) {
    const window *w = &p->window;
    if ((uint32_t)y >= w->input_height) {
        memset(row, p->padding_value, p->row_pixels);
        return;
    }
    const int32_t channels = p->channels;
    const int8_t *pixel = input + y * w->input_width * channels;
    int8_t *to = row + w->padding_left;
    for (const int8_t *end = row + p->row_end; to != end; to++, pixel += channels) {
        *to = *pixel;
    }
}

// Outputs of one row, from three input rows.
static inline void convolve_row(const depthwise_3x3_rv32_parameters *p, const int8_t *const *rows,
                                const int8_t *weights, const rv32_channel *q, int8_t *output, int32_t stride,
                                bool any) {
    const int32_t channels = p->channels, low = p->low, high = p->high, bias = q->bias;
    const scaling s = q->scaling;
    const int8_t *top = rows[0], *middle = rows[1], *bottom = rows[2];
    const int32_t w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3], w4 = weights[4];
    const int32_t w5 = weights[5], w6 = weights[6], w7 = weights[7], w8 = weights[8];
    for (const int8_t *end = top + p->window.output_width * stride; top != end; output += channels) {
        const int32_t sum = bias + top[0] * w0 + top[1] * w1 + top[2] * w2 + middle[0] * w3 + middle[1] * w4 +
                            middle[2] * w5 + bottom[0] * w6 + bottom[1] * w7 + bottom[2] * w8;
        *output = clamp(any ? scale_any(sum, &s) : scale_rv32(sum, &s), low, high);
        top += stride;
        middle += stride;
        bottom += stride;
    }
}

TINYDF_HOT void depthwise_3x3_rv32(const depthwise_3x3_rv32_parameters *p, const int8_t *input, int8_t *output,
                                   int8_t *scratch) {
    const window *w = &p->window;
    const rv32_channel *q = p->scalings;
    memset(scratch, p->padding_value, 3u * p->row_pixels);
    for (int32_t c = 0; c < p->channels; c++, q++) {
        int8_t *slots[3] = {scratch, scratch + p->row_pixels, scratch + 2 * p->row_pixels};
        int32_t next = -w->padding_top; // the input row to be copied next
        int8_t *to = output + c;
        for (int32_t y = 0; y < w->output_height; y++) {
            for (const int32_t end = y * w->stride_y - w->padding_top + 3; next < end; next++) {
                int8_t *oldest = slots[0];
                slots[0] = slots[1];
                slots[1] = slots[2];
                slots[2] = oldest;
                copy_row(p, input + c, next, oldest);
            }
            const int8_t *const rows[3] = {slots[0], slots[1], slots[2]};
            if (p->any) {
                convolve_row(p, rows, p->weights + 9 * c, q, to, w->stride_x, true);
            } else if (w->stride_x == 1) {
                convolve_row(p, rows, p->weights + 9 * c, q, to, 1, false);
            } else {
                convolve_row(p, rows, p->weights + 9 * c, q, to, w->stride_x, false);
            }
            to += w->output_width * p->channels;
        }
    }
}

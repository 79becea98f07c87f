/* SPDX-License-Identifier: Apache-2.0 */
// Four output channels of one pixel at a time: a tap takes four loads of weights, four of inputs (or one, where the
// four come from one channel of the input), four products and four sums.
#include "dot_rv32.h"
#include "window.h"

#define BLOCK 4

// Taps along one axis of the window: those within the image are [first, end) of `taps`.
typedef struct {
    int32_t taps;
    int32_t first;
    int32_t end;
    int32_t input_step;
    int32_t weights_step;
} axis;

// A window: where its first tap is, if it is within the image, and its axes, the longer kernel's `inner`.
typedef struct {
    const int8_t *input;
    axis outer;
    axis inner;
} place;

typedef struct {
    int32_t c0, c1, c2, c3;
} block_sums;

// The axis of a kernel of `taps` whose first is at `start` in an image of `size`; `pitch` bytes from pixel to pixel.
static inline axis axis_of(int32_t start, int32_t size, int32_t taps, int32_t dilation, int32_t pitch,
                           int32_t weights_step) {
    int32_t first = 0, end = taps;
    while (first < taps && start + first * dilation < 0) {
        first++;
    }
    while (end > first && start + (end - 1) * dilation >= size) {
        end--;
    }
    return (axis){taps, first, end, pitch * dilation, weights_step};
}

// The products of `taps` taps; `from_one` is known when this is compiled.
static inline const int8_t *add_taps(block_sums *s, const int8_t *input, int32_t input_step, const int8_t *weights,
                                     int32_t weights_step, int32_t taps, bool from_one) {
    for (; taps > 0; taps--) {
        s->c0 += input[0] * weights[0];
        s->c1 += input[from_one ? 0 : 1] * weights[1];
        s->c2 += input[from_one ? 0 : 2] * weights[2];
        s->c3 += input[from_one ? 0 : 3] * weights[3];
        input += input_step;
        weights += weights_step;
    }
    return weights;
}

// The sums of four output channels, from the input's channel `source` on.
static inline block_sums sum_block(const place *at, const int8_t *padding, int32_t source, const int8_t *weights,
                                   const tdf_rv32_channel *q, bool from_one) {
    block_sums s = {q[0].bias, q[1].bias, q[2].bias, q[3].bias};
    const axis inner = at->inner;
    const int8_t *outside = padding + source, *row = at->input + source;
    for (int32_t o = 0; o < at->outer.taps; o++) {
        const bool there = o >= at->outer.first && o < at->outer.end;
        const int32_t first = there ? inner.first : inner.taps, end = there ? inner.end : inner.taps;
        const int8_t *w = add_taps(&s, outside, 0, weights, inner.weights_step, first, from_one);
        w = add_taps(&s, row + first * inner.input_step, inner.input_step, w, inner.weights_step, end - first,
                     from_one);
        add_taps(&s, outside, 0, w, inner.weights_step, inner.taps - end, from_one);
        row += at->outer.input_step;
        weights += at->outer.weights_step;
    }
    return s;
}

// The sum of one output channel.
static inline int32_t sum_one(const place *at, const int8_t *padding, const int8_t *weights, int32_t bias) {
    int32_t sum = bias;
    for (int32_t o = 0; o < at->outer.taps; o++) {
        const bool there = o >= at->outer.first && o < at->outer.end;
        const int8_t *w = weights + o * at->outer.weights_step, *x = at->input + o * at->outer.input_step;
        for (int32_t i = 0; i < at->inner.taps; i++, w += at->inner.weights_step, x += at->inner.input_step) {
            sum += *w * (there && i >= at->inner.first && i < at->inner.end ? *x : *padding);
        }
    }
    return sum;
}

// All output channels of one pixel.
static inline void convolve_pixel(const tdf_depthwise_rv32_parameters *p, const place *at, const int8_t *padding,
                                  int8_t *output) {
    const int32_t multiplier = p->multiplier, channels = p->channels * multiplier;
    const bool from_one = multiplier % BLOCK == 0;
    int32_t c = 0;
    for (; (from_one || multiplier == 1) && c + BLOCK <= channels; c += BLOCK) {
        const tdf_rv32_channel *q = p->scalings + c;
        const block_sums s = from_one ? sum_block(at, padding, c / multiplier, p->weights + c, q, true)
                                      : sum_block(at, padding, c, p->weights + c, q, false);
        output[c] = tdf_clamp(tdf_scale_by_rv32(s.c0, &q[0].scaling, p->rounding), p->low, p->high);
        output[c + 1] = tdf_clamp(tdf_scale_by_rv32(s.c1, &q[1].scaling, p->rounding), p->low, p->high);
        output[c + 2] = tdf_clamp(tdf_scale_by_rv32(s.c2, &q[2].scaling, p->rounding), p->low, p->high);
        output[c + 3] = tdf_clamp(tdf_scale_by_rv32(s.c3, &q[3].scaling, p->rounding), p->low, p->high);
    }
    for (; c < channels; c++) {
        place from = *at;
        from.input += c / multiplier;
        const int32_t sum = sum_one(&from, padding, p->weights + c, p->scalings[c].bias);
        output[c] = tdf_clamp(tdf_scale_by_rv32(sum, &p->scalings[c].scaling, p->rounding), p->low, p->high);
    }
}

TDF_HOT void tdf_depthwise_rv32(const tdf_depthwise_rv32_parameters *p, const int8_t *input, int8_t *output,
                                int8_t *scratch) {
    const tdf_window *w = &p->window;
    const int32_t inputs = p->channels, channels = inputs * p->multiplier;
    if (p->leaves_image) {
        memset(scratch, p->padding_value, (size_t)inputs);
    }
    for (int32_t y = 0; y < w->output_height; y++) {
        const int32_t top = y * w->stride_y - w->padding_top;
        const axis rows = axis_of(top, w->input_height, w->kernel_height, w->dilation_y, w->input_width * inputs,
                                  w->kernel_width * channels);
        for (int32_t x = 0; x < w->output_width; x++) {
            const int32_t left = x * w->stride_x - w->padding_left;
            const axis columns = axis_of(left, w->input_width, w->kernel_width, w->dilation_x, inputs, channels);
            const int8_t *first = input + (top * w->input_width + left) * inputs;
            const bool upright = w->kernel_height > w->kernel_width;
            const place at = {first, upright ? columns : rows, upright ? rows : columns};
            convolve_pixel(p, &at, scratch, output);
            output += channels;
        }
    }
}

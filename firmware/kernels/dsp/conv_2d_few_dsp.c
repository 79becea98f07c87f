/* SPDX-License-Identifier: Apache-2.0 */
// Two pixels and two output channels at a time, straight from the image; one, from a padded copy, where a window leaves
// the image or its last word would.
#include "kernels.h"

// Output channels 0 and 1 of the pixels a and b.
typedef struct {
    int32_t a0, a1, b0, b1;
} block_sums;

// The sums of two windows that begin at `a` and `b`. Apart, so that the loop has the registers to itself.
__attribute__((noinline)) TDF_HOT static void sum_windows(const tdf_conv_2d_few_dsp_parameters *p, uint32_t channel,
                                                          const int8_t *a, const int8_t *b, block_sums *sums) {
    const tdf_few_step *step = p->steps + channel / 2 * p->count, *end = step + p->count;
    const int32_t *bias = p->bias + channel;
    block_sums s = {bias[0], bias[1], bias[0], bias[1]};
    do {
        const int32_t word_a = tdf_load_word(a + step->offset), word_b = tdf_load_word(b + step->offset);
        const int32_t even_a = tdf_even_bytes(word_a), odd_a = tdf_odd_bytes(word_a);
        const int32_t even_b = tdf_even_bytes(word_b), odd_b = tdf_odd_bytes(word_b);
        s.a0 = tdf_smlad(odd_a, step->odd[0], tdf_smlad(even_a, step->even[0], s.a0));
        s.b0 = tdf_smlad(odd_b, step->odd[0], tdf_smlad(even_b, step->even[0], s.b0));
        s.a1 = tdf_smlad(odd_a, step->odd[1], tdf_smlad(even_a, step->even[1], s.a1));
        s.b1 = tdf_smlad(odd_b, step->odd[1], tdf_smlad(even_b, step->even[1], s.b1));
    } while (++step < end);
    *sums = s;
}

// The sums of one window, whose words lie in `copy` one after the other.
static block_sums sum_copy(const tdf_conv_2d_few_dsp_parameters *p, uint32_t channel, const int8_t *copy) {
    const tdf_few_step *step = p->steps + channel / 2 * p->count;
    block_sums s = {p->bias[channel], p->bias[channel + 1], 0, 0};
    for (uint32_t k = 0; k < p->count; k++) {
        const int32_t word = tdf_load_word(copy + 4 * k), even = tdf_even_bytes(word), odd = tdf_odd_bytes(word);
        s.a0 = tdf_smlad(odd, step[k].odd[0], tdf_smlad(even, step[k].even[0], s.a0));
        s.a1 = tdf_smlad(odd, step[k].odd[1], tdf_smlad(even, step[k].even[1], s.a1));
    }
    return s;
}

// The outputs of one pixel, `count` of them.
__attribute__((noinline)) TDF_HOT static void write_some(const tdf_conv_2d_few_dsp_parameters *p, uint32_t channel,
                                                         uint32_t count, int32_t first, int32_t second,
                                                         int8_t *output) {
    const tdf_scaling *s = p->scaling + channel;
    output[0] = tdf_clamp(tdf_scale_any(first, &s[0]), p->low, p->high);
    if (count > 1) {
        output[1] = tdf_clamp(tdf_scale_any(second, &s[1]), p->low, p->high);
    }
}

static void run_copy(const tdf_conv_2d_few_dsp_parameters *p, const int8_t *copy, int8_t *output) {
    for (uint32_t c = 0; c < p->output_channels; c += 2) {
        const block_sums s = sum_copy(p, c, copy);
        write_some(p, c, p->output_channels - c, s.a0, s.a1, output + c);
    }
}

// `pairs` pairs of neighbours, of which the first window begins at `input`.
static void run_pairs(const tdf_conv_2d_few_dsp_parameters *p, const int8_t *input, uint32_t pairs, int8_t *output) {
    const uint32_t channels = p->output_channels, ahead = (uint32_t)p->window.stride_x * p->input_channels;
    for (uint32_t c = 0; c < channels; c += 2) {
        const tdf_scaling *scaling = p->scaling + c;
        const int8_t *a = input;
        int8_t *first = output + c, *second = first + channels;
        for (uint32_t pair = pairs; pair > 0; pair--) {
            block_sums s;
            sum_windows(p, c, a, a + ahead, &s);
            if (p->rounding == TDF_SCALING_ANY || c + 1 == channels) {
                write_some(p, c, channels - c, s.a0, s.a1, first);
                write_some(p, c, channels - c, s.b0, s.b1, second);
            } else {
                first[0] = (int8_t)tdf_saturate_8(tdf_scale(s.a0, &scaling[0]));
                second[0] = (int8_t)tdf_saturate_8(tdf_scale(s.b0, &scaling[0]));
                first[1] = (int8_t)tdf_saturate_8(tdf_scale(s.a1, &scaling[1]));
                second[1] = (int8_t)tdf_saturate_8(tdf_scale(s.b1, &scaling[1]));
            }
            a += 2 * ahead;
            first += 2 * channels;
            second += 2 * channels;
        }
    }
}

// A window, padded: each row in whole words.
static void copy_window(const tdf_conv_2d_few_dsp_parameters *p, const int8_t *input, int32_t top, int32_t left,
                        int8_t *copy) {
    const tdf_window *w = &p->window;
    const uint32_t bytes = 4u * p->count / w->kernel_height, channels = p->input_channels;
    const int32_t before = tdf_max(-left, 0), end = tdf_min(w->input_width - left, w->kernel_width);
    memset(copy, p->padding_value, 4u * p->count);
    for (int32_t row = 0; row < w->kernel_height && before < end; row++) {
        const int32_t y = top + row;
        if ((uint32_t)y < w->input_height) {
            memcpy(copy + (uint32_t)row * bytes + (uint32_t)before * channels,
                   input + (uint32_t)(y * w->input_width + left + before) * channels,
                   (uint32_t)(end - before) * channels);
        }
    }
}

// How many pairs from output column x on have windows within the image, whole words included; `top` is their row.
static uint32_t whole_pairs(const tdf_conv_2d_few_dsp_parameters *p, uint32_t x, int32_t top) {
    const tdf_window *w = &p->window;
    const int32_t channels = p->input_channels, left = (int32_t)(x * w->stride_x) - w->padding_left;
    if (top < 0 || top + w->kernel_height > w->input_height || left < 0) {
        return 0;
    }
    // From the first window on, how many bytes may be read of its last row, and how many of that are left of its end.
    const int32_t place = (top * w->input_width + left) * channels;
    const int32_t room = w->input_height * w->input_width * channels - place - p->steps[p->count - 1].offset - 4;
    const int32_t columns = w->input_width - left - w->kernel_width;
    if (room < 0 || columns < 0) {
        return 0;
    }
    const int32_t most = tdf_min(room / (w->stride_x * channels), columns / w->stride_x) + 1;
    return (uint32_t)tdf_min(most, (int32_t)(w->output_width - x)) / 2;
}

TDF_HOT void tdf_conv_2d_few_dsp(const tdf_conv_2d_few_dsp_parameters *p, const int8_t *input, int8_t *output,
                                 int8_t *scratch) {
    const tdf_window *w = &p->window;
    for (uint32_t y = 0; y < w->output_height; y++) {
        const int32_t top = (int32_t)(y * w->stride_y) - w->padding_top;
        uint32_t pixels;
        for (uint32_t x = 0; x < w->output_width; x += pixels) {
            const int32_t left = (int32_t)(x * w->stride_x) - w->padding_left;
            const uint32_t pairs = whole_pairs(p, x, top);
            pixels = pairs > 0 ? 2 * pairs : 1;
            if (pairs > 0) {
                run_pairs(p, input + (top * w->input_width + left) * p->input_channels, pairs, output);
            } else {
                copy_window(p, input, top, left, scratch);
                run_copy(p, scratch, output);
            }
            output += pixels * p->output_channels;
        }
    }
}

// Four output channels of one pixel at a time, over the part of the window that lies within the image: inputs are taken
// less their zero point, so that padding counts for nothing.
#include "kernels.h"

// How far the next tap is, in the input and in the weights.
typedef struct {
    uint32_t input;
    uint32_t weights;
} step;

// The part of a window that lies within the image: `outer` times `inner` taps.
typedef struct {
    const int8_t *input;
    const int8_t *weights;
    uint32_t outer;
    uint32_t inner;
    step outer_step;
    step inner_step;
} inside;

// Those of a window's taps along one axis that lie within the image.
typedef struct {
    uint32_t first;
    uint32_t count;
} span;

// Where in a pixel the inputs of four output channels are.
typedef struct {
    uint32_t offsets[4];
} sources;

typedef struct {
    int32_t c0, c1, c2, c3;
} block_sums;

// The first of `taps` taps is at `start`, in an image of `size`.
static inline span taps_within(int32_t start, uint32_t size, uint32_t taps, uint32_t dilation) {
    const int32_t reach = start + (int32_t)((taps - 1) * dilation);
    if (start >= 0 && reach < (int32_t)size) {
        return (span){0, taps};
    }
    const uint32_t first = start < 0 ? ((uint32_t)-start + dilation - 1) / dilation : 0;
    const int32_t left = (int32_t)size - start;
    const uint32_t fitting = left > 0 ? ((uint32_t)left + dilation - 1) / dilation : 0;
    const uint32_t end = fitting < taps ? fitting : taps;
    return (span){first, end > first ? end - first : 0};
}

// Two neighbouring inputs, less the zero point, as halves.
static inline int32_t load_two(const int8_t *input, int32_t offset) {
    uint16_t half;
    memcpy(&half, input, sizeof half);
    return add_even_bytes(offset, (int32_t)((uint32_t)half | (uint32_t)half << 8));
}

// The sums of output channels `at` to `at + 3`. `multiplier` is known when this is compiled: with 1 or 2 they come from
// four or two neighbouring channels of the input, else from `from`.
static inline block_sums sum_block(const depthwise_dsp_parameters *p, const inside *part, uint32_t at,
                                   uint32_t multiplier, const sources *from) {
    const int32_t offset = p->offset;
    const int32_t *bias = p->bias + at;
    block_sums s = {bias[0], bias[1], bias[2], bias[3]};
    const int8_t *outer_input = part->input + (multiplier > 0 ? at / multiplier : 0),
                 *outer_weights = part->weights + at;
    const step each = part->inner_step;
    for (uint32_t outer = part->outer; outer > 0; outer--) {
        const int8_t *input = outer_input, *weights = outer_weights;
        for (uint32_t inner = part->inner; inner > 0; inner--) {
            int32_t even, odd;
            if (multiplier == 1) {
                const int32_t word = load_word(input);
                even = add_even_bytes(offset, word);
                odd = add_odd_bytes(offset, word);
            } else if (multiplier == 2) {
                even = load_two(input, offset);
                odd = even;
            } else {
                even = add_even_bytes(offset, pack_low(input[from->offsets[0]], input[from->offsets[2]]));
                odd = add_even_bytes(offset, pack_low(input[from->offsets[1]], input[from->offsets[3]]));
            }
            const int32_t word = load_word(weights), first = even_bytes(word), second = odd_bytes(word);
            s.c0 = smlabb(even, first, s.c0);
            s.c1 = smlabb(odd, second, s.c1);
            s.c2 = smlatt(even, first, s.c2);
            s.c3 = smlatt(odd, second, s.c3);
            input += each.input;
            weights += each.weights;
        }
        outer_input += part->outer_step.input;
        outer_weights += part->outer_step.weights;
    }
    return s;
}

// Up to four outputs, when they are not all there or not all alike.
__attribute__((noinline)) TINYDF_HOT static void write_some(const depthwise_dsp_parameters *p, block_sums sums,
                                                            uint32_t at, uint32_t count, int8_t *output) {
    const int32_t four[4] = {sums.c0, sums.c1, sums.c2, sums.c3};
    for (uint32_t k = 0; k < 4 && k < count; k++) {
        output[k] = clamp(scale_any(four[k], &p->scaling[at + k]), p->low, p->high);
    }
}

static inline void write_block(const depthwise_dsp_parameters *p, block_sums sums, uint32_t at, uint32_t count,
                               int8_t *output) {
    if (count < 4 || p->rounding == SCALING_ANY) {
        write_some(p, sums, at, count, output);
        return;
    }
    const scaling *s = p->scaling + at;
    output[0] = (int8_t)saturate_8(scale(sums.c0, &s[0]));
    output[1] = (int8_t)saturate_8(scale(sums.c1, &s[1]));
    output[2] = (int8_t)saturate_8(scale(sums.c2, &s[2]));
    output[3] = (int8_t)saturate_8(scale(sums.c3, &s[3]));
}

// Output channels that are not four neighbouring channels of the input.
__attribute__((noinline)) TINYDF_HOT static void run_spread(const depthwise_dsp_parameters *p, const inside *part,
                                                            uint32_t at, uint32_t count, int8_t *output) {
    sources from;
    for (uint32_t k = 0; k < 4; k++) {
        from.offsets[k] = (at + (k < count ? k : 0)) / p->multiplier;
    }
    write_block(p, sum_block(p, part, at, 0, &from), at, count, output);
}

// All output channels of one pixel.
static inline void run_pixel(const depthwise_dsp_parameters *p, const inside *part, int8_t *output) {
    const uint32_t outputs = (uint32_t)p->channels * p->multiplier, whole = outputs / 4 * 4;
    uint32_t at = 0;
    if (p->multiplier == 1) {
        for (; at < whole; at += 4) {
            write_block(p, sum_block(p, part, at, 1, NULL), at, 4, output + at);
        }
    } else if (p->multiplier == 2) {
        for (; at < whole; at += 4) {
            write_block(p, sum_block(p, part, at, 2, NULL), at, 4, output + at);
        }
    }
    for (; at < outputs; at += 4) {
        run_spread(p, part, at, outputs - at, output + at);
    }
}

TINYDF_HOT void depthwise_dsp(const depthwise_dsp_parameters *p, const int8_t *input, int8_t *output) {
    const window *w = &p->window;
    const uint32_t outputs = (uint32_t)p->channels * p->multiplier, pitch = (outputs + 3) / 4 * 4;
    const step column = {(uint32_t)w->dilation_x * p->channels, pitch};
    const step row = {(uint32_t)w->dilation_y * w->input_width * p->channels, w->kernel_width * pitch};
    for (uint32_t y = 0; y < w->output_height; y++) {
        const int32_t top = (int32_t)(y * w->stride_y) - w->padding_top;
        const span rows = taps_within(top, w->input_height, w->kernel_height, w->dilation_y);
        const uint32_t first_row = (uint32_t)top + rows.first * w->dilation_y;
        for (uint32_t x = 0; x < w->output_width; x++) {
            const int32_t left = (int32_t)(x * w->stride_x) - w->padding_left;
            const span columns = taps_within(left, w->input_width, w->kernel_width, w->dilation_x);
            const uint32_t first_column = (uint32_t)left + columns.first * w->dilation_x;
            const uint32_t empty = rows.count == 0 || columns.count == 0;
            const uint32_t pixel = empty ? 0 : first_row * w->input_width + first_column;
            inside part = {input + (size_t)pixel * p->channels,
                           p->weights + rows.first * row.weights + columns.first * column.weights,
                           empty ? 0 : rows.count,
                           columns.count,
                           row,
                           column};
            if (part.outer > 0 && columns.count == 1) {
                part.outer = 1;
                part.inner = rows.count;
                part.inner_step = row;
            }
            run_pixel(p, &part, output);
            output += outputs;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
// Four output channels of one pixel at a time, over the part of the window that lies within the image: inputs are taken
// less their zero point, so that padding counts for nothing.
#include "kernels.h"

// Of windows with at most so many taps, these are unpacked once for a row of pixels.
#define MOST_TAPS 25

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
    return tdf_add_even_bytes(offset, (int32_t)((uint32_t)half | (uint32_t)half << 8));
}

// The sums of output channels `at` to `at + 3`. `multiplier` is known when this is compiled: with 1 or 2 they come from
// four or two neighbouring channels of the input, else from `from`.
static inline block_sums sum_block(const tdf_depthwise_dsp_parameters *p, const inside *part, uint32_t at,
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
                const int32_t word = tdf_load_word(input);
                even = tdf_add_even_bytes(offset, word);
                odd = tdf_add_odd_bytes(offset, word);
            } else if (multiplier == 2) {
                even = load_two(input, offset);
                odd = even;
            } else {
                even = tdf_add_even_bytes(offset, tdf_pack_low(input[from->offsets[0]], input[from->offsets[2]]));
                odd = tdf_add_even_bytes(offset, tdf_pack_low(input[from->offsets[1]], input[from->offsets[3]]));
            }
            const int32_t word = tdf_load_word(weights), first = tdf_even_bytes(word), second = tdf_odd_bytes(word);
            s.c0 = tdf_smlabb(even, first, s.c0);
            s.c1 = tdf_smlabb(odd, second, s.c1);
            s.c2 = tdf_smlatt(even, first, s.c2);
            s.c3 = tdf_smlatt(odd, second, s.c3);
            input += each.input;
            weights += each.weights;
        }
        outer_input += part->outer_step.input;
        outer_weights += part->outer_step.weights;
    }
    return s;
}

// Up to four outputs.
__attribute__((noinline)) TDF_HOT static void write_some(const tdf_depthwise_dsp_parameters *p, block_sums sums,
                                                         uint32_t at, uint32_t count, int8_t *output) {
    const int32_t four[4] = {sums.c0, sums.c1, sums.c2, sums.c3};
    for (uint32_t k = 0; k < 4 && k < count; k++) {
        const tdf_scaling *s = &p->scaling[at + k];
        const int32_t scaled =
            p->rounding == TDF_SCALING_ANY ? tdf_scale_any(four[k], s) : tdf_scale_twice(2 * four[k], s);
        output[k] = tdf_clamp(scaled, p->low, p->high);
    }
}

// Four outputs, of twice their sums.
static inline void write_four(block_sums twice, const tdf_scaling *s, int8_t *output) {
    output[0] = (int8_t)tdf_saturate_8(tdf_scale_twice(twice.c0, &s[0]));
    output[1] = (int8_t)tdf_saturate_8(tdf_scale_twice(twice.c1, &s[1]));
    output[2] = (int8_t)tdf_saturate_8(tdf_scale_twice(twice.c2, &s[2]));
    output[3] = (int8_t)tdf_saturate_8(tdf_scale_twice(twice.c3, &s[3]));
}

static inline void write_block(const tdf_depthwise_dsp_parameters *p, block_sums s, uint32_t at, int8_t *output) {
    if (p->rounding == TDF_SCALING_ANY) {
        write_some(p, s, at, 4, output);
    } else {
        write_four((block_sums){2 * s.c0, 2 * s.c1, 2 * s.c2, 2 * s.c3}, p->scaling + at, output);
    }
}

// Output channels that are not four neighbouring channels of the input.
__attribute__((noinline)) TDF_HOT static void run_spread(const tdf_depthwise_dsp_parameters *p, const inside *part,
                                                         uint32_t at, uint32_t count, int8_t *output) {
    sources from;
    for (uint32_t k = 0; k < 4; k++) {
        from.offsets[k] = (at + (k < count ? k : 0)) / p->multiplier;
    }
    write_some(p, sum_block(p, part, at, 0, &from), at, count, output);
}

// A tap of four channels: where its inputs are, and twice its weights, as halves.
typedef struct {
    uint32_t distance;
    int32_t even;
    int32_t odd;
} tap;

// What the loop over a row's pixels reads for each of them, from front to back: twice the biases, less what the zero
// point brings, the taps and, behind the last of them, where the scalings are.
typedef struct {
    block_sums bias;
    tap taps[MOST_TAPS + 1];
} recipe;

// The recipe for four channels; gives the end of its taps.
static inline tap *write_recipe(const tdf_depthwise_dsp_parameters *p, const inside *part, uint32_t at,
                                recipe *recipe) {
    const int32_t *bias = p->bias + at;
    const int32_t offset = p->offset;
    block_sums s = {2 * bias[0], 2 * bias[1], 2 * bias[2], 2 * bias[3]};
    tap *taps = recipe->taps;
    for (uint32_t outer = 0; outer < part->outer; outer++) {
        const int8_t *weights = part->weights + at + outer * part->outer_step.weights;
        uint32_t distance = outer * part->outer_step.input;
        for (uint32_t inner = part->inner; inner > 0; inner--) {
            const int32_t word = tdf_load_word(weights);
            const int32_t even = tdf_double_halves(tdf_even_bytes(word)), odd = tdf_double_halves(tdf_odd_bytes(word));
            s.c0 = tdf_smlabb(offset, even, s.c0);
            s.c1 = tdf_smlabb(offset, odd, s.c1);
            s.c2 = tdf_smlatt(offset, even, s.c2);
            s.c3 = tdf_smlatt(offset, odd, s.c3);
            *taps++ = (tap){distance, even, odd};
            weights += part->inner_step.weights;
            distance += part->inner_step.input;
        }
    }
    recipe->bias = s;
    return taps;
}

// gcc for MVE finds the registers only where the whole file is compiled by -O2 or -O3.
#if TDF_HAS_DSP && defined(__OPTIMIZE__) && !(defined(__ARM_FEATURE_MVE) && TDF_RAISED)

// Into r4 and r8, the inputs of the even and of the odd ones of four channels.
#define LOAD_FOUR "ldr r4, [%[input], r4]\n sxtb16 r8, r4, ror #8\n sxtb16 r4, r4\n"
// The same of two inputs, each for two channels.
#define LOAD_TWO "ldrh r4, [%[input], r4]\n orr r4, r4, r4, lsl #8\n sxtb16 r4, r4\n mov r8, r4\n"
#define WRITE_ONE(sum, place)                                                                                          \
    "ldmia %[recipe]!, {r4, r5, r6}\n smmlar r4, " sum ", r4, r5\n add r4, r4, " sum ", asr #31\n"                     \
    "asr r4, r4, r6\n ssat r4, #8, r4\n strb r4, [%[output], #" place "]\n"
// Four channels of one pixel. In assembly, because compilers keep half of this on the stack.
#define RUN_PIXEL(load)                                                                                                \
    __asm__ volatile("ldmia %[recipe]!, {r0, r1, r2, r3}\n"                                                            \
                     "1: ldmia %[recipe]!, {r4, r5, r6}\n" load "smlabb r0, r4, r5, r0\n smlatt r2, r4, r5, r2\n"      \
                     "smlabb r1, r8, r6, r1\n smlatt r3, r8, r6, r3\n"                                                 \
                     "cmp %[recipe], %[end]\n bne 1b\n ldr %[recipe], [%[recipe]]\n" WRITE_ONE("r0", "0")              \
                         WRITE_ONE("r1", "1") WRITE_ONE("r2", "2") WRITE_ONE("r3", "3")                                \
                     : [recipe] "+&r"(next)                                                                            \
                     : [input] "r"(input), [output] "r"(output), [end] "r"(end)                                        \
                     : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r8", "cc", "memory")

static inline void run_pixel(const recipe *recipe, const tap *end, const tdf_scaling *scaling, const int8_t *input,
                             uint32_t multiplier, int8_t *output) {
    const void *next = recipe;
    (void)scaling;
    if (multiplier == 1) {
        RUN_PIXEL(LOAD_FOUR);
    } else {
        RUN_PIXEL(LOAD_TWO);
    }
}

#else

static inline void run_pixel(const recipe *recipe, const tap *end, const tdf_scaling *scaling, const int8_t *input,
                             uint32_t multiplier, int8_t *output) {
    block_sums s = recipe->bias;
    for (const tap *t = recipe->taps; t < end; t++) {
        int32_t even = 0, odd = 0;
        if (multiplier == 1) {
            const int32_t word = tdf_load_word(input + t->distance);
            even = tdf_even_bytes(word);
            odd = tdf_odd_bytes(word);
        } else {
            even = load_two(input + t->distance, 0);
            odd = even;
        }
        s.c0 = tdf_smlabb(even, t->even, s.c0);
        s.c2 = tdf_smlatt(even, t->even, s.c2);
        s.c1 = tdf_smlabb(odd, t->odd, s.c1);
        s.c3 = tdf_smlatt(odd, t->odd, s.c3);
    }
    write_four(s, scaling, output);
}

#endif

// Four channels of `pixels` neighbours, all of whose windows have the same taps within the image.
__attribute__((always_inline)) static inline void run_row(const tdf_depthwise_dsp_parameters *p, const inside *part,
                                                          uint32_t at, uint32_t multiplier, uint32_t pixels,
                                                          int8_t *output) {
    recipe recipe;
    tap *end = write_recipe(p, part, at, &recipe);
    const tdf_scaling *scaling = p->scaling + at;
    const int8_t *input = part->input + at / multiplier;
    const uint32_t ahead = (uint32_t)p->window.stride_x * p->channels;
    const uint32_t outputs = (uint32_t)p->channels * p->multiplier;
    memcpy(end, &scaling, sizeof(scaling));
    for (; pixels > 0; pixels--) {
        run_pixel(&recipe, end, scaling, input, multiplier, output);
        input += ahead;
        output += outputs;
    }
}

// Each multiplier apart, so that it has the registers to itself.
__attribute__((noinline)) TDF_HOT static void run_row_1(const tdf_depthwise_dsp_parameters *p, const inside *part,
                                                        uint32_t at, uint32_t pixels, int8_t *output) {
    run_row(p, part, at, 1, pixels, output);
}

__attribute__((noinline)) TDF_HOT static void run_row_2(const tdf_depthwise_dsp_parameters *p, const inside *part,
                                                        uint32_t at, uint32_t pixels, int8_t *output) {
    run_row(p, part, at, 2, pixels, output);
}

// All output channels of `pixels` neighbours: four by four where these come from four or two neighbouring inputs.
static inline void run_pixels(const tdf_depthwise_dsp_parameters *p, inside part, uint32_t pixels, int8_t *output) {
    const uint32_t outputs = (uint32_t)p->channels * p->multiplier;
    const uint32_t whole = p->multiplier <= 2 ? outputs / 4 * 4 : 0;
    for (uint32_t at = 0; at < whole; at += 4) {
        if (pixels == 1) {
            const block_sums one = sum_block(p, &part, at, p->multiplier == 1 ? 1 : 2, NULL);
            write_block(p, one, at, output + at);
        } else if (p->multiplier == 1) {
            run_row_1(p, &part, at, pixels, output + at);
        } else {
            run_row_2(p, &part, at, pixels, output + at);
        }
    }
    for (; whole < outputs && pixels > 0; pixels--) {
        for (uint32_t at = whole; at < outputs; at += 4) {
            run_spread(p, &part, at, outputs - at, output + at);
        }
        part.input += (uint32_t)p->window.stride_x * p->channels;
        output += outputs;
    }
}

// The output columns whose windows lie within the image from left to right.
static inline span whole_columns(const tdf_window *w) {
    const int32_t reach = (w->kernel_width - 1) * w->dilation_x;
    const uint32_t first = ((uint32_t)w->padding_left + w->stride_x - 1) / w->stride_x;
    const int32_t last = w->input_width - 1 - reach + w->padding_left;
    const uint32_t end = last < 0 ? 0 : (uint32_t)last / w->stride_x + 1;
    const uint32_t bounded = end < w->output_width ? end : w->output_width;
    return (span){first, bounded > first ? bounded - first : 0};
}

TDF_HOT void tdf_depthwise_dsp(const tdf_depthwise_dsp_parameters *p, const int8_t *input, int8_t *output) {
    const tdf_window *w = &p->window;
    const uint32_t outputs = (uint32_t)p->channels * p->multiplier, pitch = (outputs + 3) / 4 * 4;
    const step column = {(uint32_t)w->dilation_x * p->channels, pitch};
    const step row = {(uint32_t)w->dilation_y * w->input_width * p->channels, w->kernel_width * pitch};
    const uint32_t few = (uint32_t)w->kernel_height * w->kernel_width <= MOST_TAPS && p->rounding != TDF_SCALING_ANY;
    const span whole = few ? whole_columns(w) : (span){0, 0};
    for (uint32_t y = 0; y < w->output_height; y++) {
        const int32_t top = (int32_t)(y * w->stride_y) - w->padding_top;
        const span rows = taps_within(top, w->input_height, w->kernel_height, w->dilation_y);
        const uint32_t first_row = (uint32_t)top + rows.first * w->dilation_y;
        uint32_t pixels = 1;
        for (uint32_t x = 0; x < w->output_width; x += pixels) {
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
            pixels = x == whole.first && !empty && whole.count > 2 ? whole.count : 1;
            run_pixels(p, part, pixels, output);
            output += pixels * outputs;
        }
    }
}

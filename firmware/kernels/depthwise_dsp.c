// Depthwise kernels of any size: see depthwise_3x3_dsp.c. A row of weights (w0, w1, w2, ...) is kept as the words
// (w0, w1), (w2, w3), ... for outputs that start at the first half of an input word, and as (0, w0), (w1, w2), ... for
// those that start at its second. Two neighbouring outputs are computed at once: with a stride of 1 from the same words
// by both kinds of weights, with a stride of 2 from words one further on by the first kind.
#include "planar_dsp.h"

#define MAXIMUM_KERNEL 16
#define APART          __attribute__((noinline)) TINYDF_HOT static

typedef struct {
    const depthwise_dsp_parameters *p;
    int32_t *weights; // [PLANAR_CHANNELS * multiplier][kernel_height][2][width words]
    int32_t *slots;   // [kernel_height][PLANAR_CHANNELS][words]
    planar planar;
} workspace;

static inline uint32_t weight_words(const window *w) {
    return w->kernel_width / 2u + 1;
}

static inline uint32_t channel_words(const window *w) {
    return 2u * w->kernel_height * weight_words(w);
}

// The weights of the output channel that is number `place` of those at work.
APART void unpack_weights(const workspace *s, uint32_t channel, uint32_t place) {
    const window *w = &s->p->window;
    const uint32_t width = w->kernel_width, words = weight_words(w);
    const int8_t *from = s->p->weights + (size_t)channel * w->kernel_height * width;
    int32_t *to = s->weights + place * channel_words(w);
    for (uint32_t row = 0; row < w->kernel_height; row++) {
        for (uint32_t k = 0; k < words; k++) {
            const int32_t before = k == 0 ? 0 : from[2 * k - 1];
            const int32_t first = 2 * k < width ? from[2 * k] : 0, second = 2 * k + 1 < width ? from[2 * k + 1] : 0;
            to[k] = pack_low(first, second);
            to[words + k] = pack_low(before, first);
        }
        from += width;
        to += 2 * words;
    }
}

static inline int8_t output_of(const depthwise_dsp_parameters *p, int32_t sum, const scaling *s) {
    return p->rounding == SCALING_ANY ? clamp(scale_any(sum, s), p->low, p->high) : (int8_t)saturate_8(scale(sum, s));
}

typedef struct {
    int32_t a, b;
} two_sums;

#if HAS_DSP

// Three words of a row.
static inline two_sums row_of_3_words(two_sums s, const int32_t *pairs, const int32_t *weights, uint32_t stride) {
    if (stride == 1) {
        __asm__ volatile("ldm %[pairs], {r4, r5, r6}\n\t"
                         "ldm %[weights]!, {r8, r9, r10}\n\t"
                         "smlad %[a], r4, r8, %[a]\n\t"
                         "smlad %[a], r5, r9, %[a]\n\t"
                         "smlad %[a], r6, r10, %[a]\n\t"
                         "ldm %[weights], {r8, r9, r10}\n\t"
                         "smlad %[b], r4, r8, %[b]\n\t"
                         "smlad %[b], r5, r9, %[b]\n\t"
                         "smlad %[b], r6, r10, %[b]\n\t"
                         : [a] "+r"(s.a), [b] "+r"(s.b), [weights] "+r"(weights)
                         : [pairs] "r"(pairs)
                         : "r4", "r5", "r6", "r8", "r9", "r10", "memory");
    } else {
        __asm__ volatile("ldm %[weights], {r4, r5, r6}\n\t"
                         "ldm %[pairs]!, {r8, r9, r10}\n\t"
                         "smlad %[a], r8, r4, %[a]\n\t"
                         "smlad %[a], r9, r5, %[a]\n\t"
                         "smlad %[a], r10, r6, %[a]\n\t"
                         "ldr r8, [%[pairs]]\n\t"
                         "smlad %[b], r9, r4, %[b]\n\t"
                         "smlad %[b], r10, r5, %[b]\n\t"
                         "smlad %[b], r8, r6, %[b]\n\t"
                         : [a] "+r"(s.a), [b] "+r"(s.b), [pairs] "+r"(pairs)
                         : [weights] "r"(weights)
                         : "r4", "r5", "r6", "r8", "r9", "r10", "memory");
    }
    return s;
}

#endif

static inline two_sums row_of_words(two_sums s, const int32_t *pairs, const int32_t *weights, uint32_t stride,
                                    uint32_t words) {
    const int32_t *second = stride == 1 ? weights + words : weights;
    for (uint32_t k = 0; k < words; k++) {
        s.a = smlad(pairs[k], weights[k], s.a);
        s.b = smlad(pairs[stride == 1 ? k : k + 1], second[k], s.b);
    }
    return s;
}

// One row of a channel; `stride` and `words`, of a row of weights, may be known when this is compiled.
static inline void run_row(const workspace *s, uint32_t stride, uint32_t words, const int32_t *const rows[],
                           const int32_t *weights, uint32_t channel, int8_t *output) {
    const depthwise_dsp_parameters *p = s->p;
    const uint32_t height = p->window.kernel_height, width = p->window.output_width;
    const uint32_t pitch = (uint32_t)p->channels * p->multiplier;
    const scaling scaling = p->scaling[channel];
    for (uint32_t x = 0, at = 0; x < width; x += 2, at += stride) {
        two_sums sums = {p->bias[channel], p->bias[channel]};
        const int32_t *row_weights = weights;
        for (uint32_t row = 0; row < height; row++) {
#if HAS_DSP
            sums = words == 3 ? row_of_3_words(sums, rows[row] + at, row_weights, stride)
                              : row_of_words(sums, rows[row] + at, row_weights, stride, words);
#else
            sums = row_of_words(sums, rows[row] + at, row_weights, stride, words);
#endif
            row_weights += 2 * words;
        }
        output[0] = output_of(p, sums.a, &scaling);
        if (x + 1 < width) {
            output[pitch] = output_of(p, sums.b, &scaling);
        }
        output += 2 * pitch;
    }
}

#define RUN_ROW(name, stride, words)                                                                                   \
    APART void name(const workspace *s, const int32_t *const rows[], const int32_t *weights, uint32_t channel,         \
                    int8_t *output) {                                                                                  \
        run_row(s, stride, words, rows, weights, channel, output);                                                     \
    }
RUN_ROW(run_row_of_3_words, 1, 3)
RUN_ROW(run_row_of_3_words_stride_2, 2, 3)
RUN_ROW(run_row_of_any, s->p->window.stride_x, weight_words(&s->p->window))

// One row of the output channels of the channels at work, of which the unpacked input is in the slots.
APART void run_output_row(const workspace *s, int32_t top, uint32_t channel, int8_t *output) {
    const window *w = &s->p->window;
    const uint32_t height = w->kernel_height, slot_words = PLANAR_CHANNELS * s->planar.words;
    for (uint32_t c = 0; c < s->planar.lanes; c++) {
        const int32_t *rows[MAXIMUM_KERNEL];
        for (uint32_t k = 0; k < height; k++) {
            rows[k] = s->slots + ((uint32_t)(top + w->padding_top) + k) % height * slot_words + c * s->planar.words;
        }
        for (uint32_t place = c * s->p->multiplier; place < (c + 1) * s->p->multiplier; place++) {
            const int32_t *weights = s->weights + place * channel_words(w);
            if (weight_words(w) == 3 && w->stride_x == 1) {
                run_row_of_3_words(s, rows, weights, channel + place, output + place);
            } else if (weight_words(w) == 3) {
                run_row_of_3_words_stride_2(s, rows, weights, channel + place, output + place);
            } else {
                run_row_of_any(s, rows, weights, channel + place, output + place);
            }
        }
    }
}

APART void run_channels(const workspace *s, const int8_t *input, int8_t *output, uint32_t channel) {
    const depthwise_dsp_parameters *p = s->p;
    const window *w = &p->window;
    const uint32_t target = channel * p->multiplier,
                   row_bytes = (uint32_t)w->output_width * p->channels * p->multiplier;
    const uint32_t slot_words = PLANAR_CHANNELS * s->planar.words;
    int32_t loaded = -w->padding_top;
    for (uint32_t place = 0; place < s->planar.lanes * p->multiplier; place++) {
        unpack_weights(s, target + place, place);
    }
    for (uint32_t y = 0; y < w->output_height; y++) {
        const int32_t top = (int32_t)(y * w->stride_y) - w->padding_top;
        for (loaded = maximum(loaded, top); loaded < top + w->kernel_height; loaded++) {
            int32_t *slot = s->slots + (uint32_t)(loaded + w->padding_top) % w->kernel_height * slot_words;
            if ((uint32_t)loaded < w->input_height) {
                planar_unpack(&s->planar, input + (size_t)loaded * w->input_width * p->channels + channel, slot);
            } else {
                planar_fill(&s->planar, slot, 1);
            }
        }
        run_output_row(s, top, target, output + (size_t)y * row_bytes + target);
    }
}

TINYDF_HOT void depthwise_dsp(const depthwise_dsp_parameters *p, const int8_t *input, int8_t *output, int8_t *scratch) {
    const window *w = &p->window;
    int32_t *memory = (int32_t *)(void *)scratch;
    workspace s = {
        .p = p,
        .weights = memory,
        .slots = memory + PLANAR_CHANNELS * p->multiplier * channel_words(w),
        .planar = {w->input_width, p->channels, (uint32_t)w->padding_left, p->row_pixels / 2u, PLANAR_CHANNELS,
                   p->padding_value},
    };
    planar_fill(&s.planar, s.slots, w->kernel_height);
    for (uint32_t channel = 0; channel < p->channels; channel += PLANAR_CHANNELS) {
        const uint32_t left = p->channels - channel;
        s.planar.lanes = left < PLANAR_CHANNELS ? left : PLANAR_CHANNELS;
        run_channels(&s, input, output, channel);
    }
}

// Four channels at a time: each input row is unpacked once, channel by channel, into halves, so that two neighbours of
// one channel share a word. A row of three weights (w0, w1, w2) is kept as the words (w0, w1) and (w1, w2): with the
// inputs (x0, x1) and (x2, x3) that gives the sums of two neighbouring outputs in four instructions.
#include "kernels.h"

#define CHANNELS 4

typedef struct {
    const depthwise_3x3_dsp_parameters *p;
    int32_t *rows;    // [3][4][row_pixels / 2] words
    int32_t *weights; // [4][3][2] words
    uint32_t words;   // of one channel of a row
} workspace;

// Four channels of the pixel at `x` of a row, of which only the first `lanes` exist.
static inline int32_t load_pixel(const depthwise_3x3_dsp_parameters *p, const int8_t *row, int32_t x, uint32_t lanes) {
    if (row == NULL || (uint32_t)x >= p->window.input_width) {
        return (int32_t)((uint8_t)p->padding_value * 0x01010101u);
    }
    const int8_t *pixel = row + (uint32_t)x * p->channels;
    return lanes == CHANNELS ? load_word(pixel) : load_tail(pixel, lanes);
}

static inline void store_pair(int32_t first, int32_t second, int32_t *to, uint32_t words) {
    const int32_t even = even_bytes(first), odd = odd_bytes(first);
    const int32_t next_even = even_bytes(second), next_odd = odd_bytes(second);
    to[0] = pack_low(even, next_even);
    to[words] = pack_low(odd, next_odd);
    to[2 * words] = pack_high(even, next_even);
    to[3 * words] = pack_high(odd, next_odd);
}

// Unpacks one row of four channels; `row` is NULL above and below the image.
static void unpack_row(const workspace *s, const int8_t *row, uint32_t lanes, int32_t *to) {
    const depthwise_3x3_dsp_parameters *p = s->p;
    const uint32_t channels = p->channels;
    const int32_t first = -p->window.padding_left;
    uint32_t j = 0;
    if (row != NULL && lanes == CHANNELS) {
        // The first word may reach over the left edge, those from `inside` on over the right one.
        const uint32_t inside = (uint32_t)(p->window.input_width + p->window.padding_left) / 2;
        const uint32_t start = first < 0 ? 1u : 0u;
        if (start == 1 && inside > 0) {
            store_pair(load_pixel(p, row, first, lanes), load_pixel(p, row, first + 1, lanes), to, s->words);
            j = 1;
        }
        const int8_t *pixel = row + (int32_t)(2 * j) * (int32_t)channels + first * (int32_t)channels;
        for (; j < inside && j < s->words; j++) {
            store_pair(load_word(pixel), load_word(pixel + channels), to + j, s->words);
            pixel += 2 * channels;
        }
    }
    for (; j < s->words; j++) {
        const int32_t x = first + (int32_t)(2 * j);
        store_pair(load_pixel(p, row, x, lanes), load_pixel(p, row, x + 1, lanes), to + j, s->words);
    }
}

static void unpack_weights(const workspace *s, uint32_t channel) {
    int32_t *to = s->weights;
    for (uint32_t k = 0; k < 3 * CHANNELS; k++) {
        const int32_t word = load_word(s->p->weights + 12 * channel + 4 * k);
        const int32_t ends = even_bytes(word), middle = odd_bytes(word);
        *to++ = pack_low(ends, middle);
        *to++ = pack_ends(middle, ends);
    }
}

static inline int8_t depthwise_output(const depthwise_3x3_dsp_parameters *p, int32_t sum, const scaling *s) {
    return p->exact ? (int8_t)saturate_8(scale(sum, s)) : clamp(scale_any(sum, s), p->low, p->high);
}

// One output row of one channel, stride 1: two outputs from two words.
static inline void row_of_stride_1(const depthwise_3x3_dsp_parameters *p, const int32_t *const rows[3],
                                   const int32_t *w, int32_t bias, scaling s, int8_t *output) {
    const uint32_t pitch = p->channels, width = p->window.output_width;
    const int32_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2];
    for (uint32_t x = 0; x < width; x += 2) {
        int32_t a = bias, b = bias;
        a = smlad(r0[0], w[0], a);
        b = smlatb(r0[0], w[0], b);
        a = smlabt(r0[1], w[1], a);
        b = smlad(r0[1], w[1], b);
        a = smlad(r1[0], w[2], a);
        b = smlatb(r1[0], w[2], b);
        a = smlabt(r1[1], w[3], a);
        b = smlad(r1[1], w[3], b);
        a = smlad(r2[0], w[4], a);
        b = smlatb(r2[0], w[4], b);
        a = smlabt(r2[1], w[5], a);
        b = smlad(r2[1], w[5], b);
        output[0] = depthwise_output(p, a, &s);
        if (x + 1 < width) {
            output[pitch] = depthwise_output(p, b, &s);
        }
        output += 2 * pitch;
        r0++, r1++, r2++;
    }
}

// The same for stride 2: one output from two words.
static inline void row_of_stride_2(const depthwise_3x3_dsp_parameters *p, const int32_t *const rows[3],
                                   const int32_t *w, int32_t bias, scaling s, int8_t *output) {
    const int32_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2];
    for (uint32_t x = p->window.output_width; x > 0; x--) {
        int32_t a = bias;
        a = smlad(r0[0], w[0], a);
        a = smlabt(r0[1], w[1], a);
        a = smlad(r1[0], w[2], a);
        a = smlabt(r1[1], w[3], a);
        a = smlad(r2[0], w[4], a);
        a = smlabt(r2[1], w[5], a);
        *output = depthwise_output(p, a, &s);
        output += p->channels;
        r0++, r1++, r2++;
    }
}

// All rows of the channels from `channel` on, `lanes` of them.
static void run_channels(const workspace *s, const int8_t *input, int8_t *output, uint32_t channel, uint32_t lanes) {
    const depthwise_3x3_dsp_parameters *p = s->p;
    const window *w = &p->window;
    const uint32_t slot_words = CHANNELS * s->words;
    const size_t pitch = (size_t)w->input_width * p->channels;
    int32_t loaded = -w->padding_top; // the next input row to unpack
    for (int32_t y = 0; y < w->output_height; y++) {
        const int32_t top = y * w->stride_y - w->padding_top;
        loaded = maximum(loaded, top);
        for (; loaded < top + 3; loaded++) {
            const int8_t *row = (uint32_t)loaded < w->input_height ? input + (size_t)loaded * pitch + channel : NULL;
            unpack_row(s, row, lanes, s->rows + (uint32_t)(loaded + 3) % 3 * slot_words);
        }
        for (uint32_t c = 0; c < lanes; c++) {
            const int32_t *rows[3];
            for (int32_t k = 0; k < 3; k++) {
                rows[k] = s->rows + (uint32_t)(top + k + 3) % 3 * slot_words + c * s->words;
            }
            int8_t *to = output + (size_t)y * w->output_width * p->channels + channel + c;
            const int32_t bias = p->bias[channel + c];
            if (w->stride_x == 1) {
                row_of_stride_1(p, rows, s->weights + 6 * c, bias, p->scaling[channel + c], to);
            } else {
                row_of_stride_2(p, rows, s->weights + 6 * c, bias, p->scaling[channel + c], to);
            }
        }
    }
}

TINYDF_HOT void depthwise_3x3_dsp(const depthwise_3x3_dsp_parameters *p, const int8_t *input, int8_t *output,
                                  int8_t *scratch) {
    const uint32_t words = p->row_pixels / 2u;
    int32_t *memory = (int32_t *)(void *)scratch;
    const workspace s = {p, memory + 6 * CHANNELS, memory, words};
    for (uint32_t channel = 0; channel < p->channels; channel += CHANNELS) {
        const uint32_t left = p->channels - channel;
        unpack_weights(&s, channel);
        run_channels(&s, input, output, channel, left < CHANNELS ? left : CHANNELS);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
// Four channels at a time: each input row is unpacked once, channel by channel, into halves, so that two neighbours of
// one channel share a word. A row of three weights (w0, w1, w2) is kept as the words (w0, w1) and (w1, w2): with the
// inputs (x0, x1) and (x2, x3) that gives the sums of two neighbouring outputs in four instructions.
//
// Unpacked rows lie in slots, row r in slot (r + padding_top) % slots; `batch` output rows are done at a time. The
// kernel goes through the image for four channels before the next four, so that each row is unpacked once; or, by
// rows, through all channels before the next rows, so that it is done with the input's first rows before the last.
#include "planar_dsp.h"

// What the inner loop reads, in the order in which the assembly finds it.
typedef struct {
    int32_t weights[3][2];
    int32_t bias;
    tdf_scaling scaling;
    int32_t pitch; // from one output to the next
} channel_constants;

typedef struct {
    const tdf_depthwise_3x3_dsp_parameters *p;
    channel_constants *constants; // [TDF_PLANAR_CHANNELS]
    int32_t *slots;               // [slots][TDF_PLANAR_CHANNELS][words]
    tdf_planar planar;
} workspace;

// Unless said otherwise, functions here are kept apart so that each has the registers to itself.
#define APART __attribute__((noinline)) TDF_HOT static

APART void unpack_constants(const workspace *s, uint32_t channel) {
    const tdf_depthwise_3x3_dsp_parameters *p = s->p;
    for (uint32_t c = 0; c < s->planar.lanes; c++) {
        channel_constants *to = &s->constants[c];
        for (uint32_t k = 0; k < 3; k++) {
            const int32_t word = tdf_load_word(p->weights + 12 * (channel + c) + 4 * k);
            const int32_t ends = tdf_even_bytes(word), middle = tdf_odd_bytes(word);
            to->weights[k][0] = tdf_pack_low(ends, middle);
            to->weights[k][1] = tdf_pack_ends(middle, ends);
        }
        to->bias = p->bias[channel + c];
        to->scaling = p->scaling[channel + c];
        to->pitch = p->channels;
    }
}

// Some output rows of one channel.
typedef struct {
    const int32_t *rows[3]; // the input, unpacked
    uint32_t step;          // from a row of the input to that of the next output
    const channel_constants *constants;
    uint32_t count; // rows
    uint32_t width;
    int8_t *output;
} strip;

// The same for any factor and range. Rare, so kept out of the loop.
APART int8_t output_any(const tdf_depthwise_3x3_dsp_parameters *p, int32_t sum, const tdf_scaling *s) {
    return tdf_clamp(tdf_scale_any(sum, s), p->low, p->high);
}

// One output; `exact` is known when this is compiled.
static inline int8_t output_of(const tdf_depthwise_3x3_dsp_parameters *p, uint32_t exact, int32_t sum,
                               const tdf_scaling *s) {
    return exact ? (int8_t)tdf_saturate_8(tdf_scale(sum, s)) : output_any(p, sum, s);
}

// Two outputs of stride 1, of which the second may not exist; the rows stay where they are.
static inline void two_of_stride_1(const tdf_depthwise_3x3_dsp_parameters *p, uint32_t exact,
                                   const int32_t *const rows[3], const channel_constants *t, uint32_t count,
                                   int8_t *output) {
    int32_t a = t->bias, b = t->bias;
    for (int k = 0; k < 3; k++) {
        const int32_t x0 = rows[k][0], x1 = rows[k][1], w0 = t->weights[k][0], w1 = t->weights[k][1];
        a = tdf_smlabt(x1, w1, tdf_smlad(x0, w0, a));
        b = tdf_smlad(x1, w1, tdf_smlatb(x0, w0, b));
    }
    output[0] = output_of(p, exact, a, &t->scaling);
    if (count > 1) {
        output[t->pitch] = output_of(p, exact, b, &t->scaling);
    }
}

// One output of either stride.
static inline void one_of_any_stride(const tdf_depthwise_3x3_dsp_parameters *p, uint32_t exact,
                                     const int32_t *const rows[3], const channel_constants *t, int8_t *output) {
    int32_t a = t->bias;
    for (int k = 0; k < 3; k++) {
        a = tdf_smlabt(rows[k][1], t->weights[k][1], tdf_smlad(rows[k][0], t->weights[k][0], a));
    }
    *output = output_of(p, exact, a, &t->scaling);
}

#if TDF_HAS_DSP

// Four outputs from one row; the first row starts from the bias, which is in x2 until the third word is.
#define STRIP_ROW_4(row, weights, a, b, c, d)                                                                          \
    "ldrd r4, r5, [%[" row "]], #8\n\t"                                                                                \
    "ldrd r6, r8, [%[t], #" weights "]\n\t"                                                                            \
    "smlad %[a], r4, r6, " a "\n\t"                                                                                    \
    "smlatb %[b], r4, r6, " b "\n\t"                                                                                   \
    "smlad %[c], r5, r6, " c "\n\t"                                                                                    \
    "smlatb %[d], r5, r6, " d "\n\t"                                                                                   \
    "ldr %[x2], [%[" row "]]\n\t"                                                                                      \
    "smlabt %[a], r5, r8, %[a]\n\t"                                                                                    \
    "smlad %[b], r5, r8, %[b]\n\t"                                                                                     \
    "smlabt %[c], %[x2], r8, %[c]\n\t"                                                                                 \
    "smlad %[d], %[x2], r8, %[d]\n\t"

// Two outputs from one row of stride 2.
#define STRIP_ROW_2(row, weights, a, b)                                                                                \
    "ldrd r4, r5, [%[" row "]], #8\n\t"                                                                                \
    "ldrd r6, r8, [%[t], #" weights "]\n\t"                                                                            \
    "smlad %[a], r4, r6, " a "\n\t"                                                                                    \
    "smlad %[b], r5, r6, " b "\n\t"                                                                                    \
    "ldr %[x2], [%[" row "]]\n\t"                                                                                      \
    "smlabt %[a], r5, r8, %[a]\n\t"                                                                                    \
    "smlabt %[b], %[x2], r8, %[b]\n\t"

// Scales one sum with the multiplier in r4, the offset in r5 and the shift in r6, and stores it.
#define STRIP_OUTPUT(sum, where)                                                                                       \
    "smmlar %[x2], %[" sum "], r4, %[" sum "]\n\t"                                                                     \
    "add %[x2], %[x2], %[" sum "], asr #31\n\t"                                                                        \
    "add %[x2], %[x2], r5\n\t"                                                                                         \
    "asr %[x2], %[x2], r6\n\t"                                                                                         \
    "ssat %[x2], #8, %[x2]\n\t"                                                                                        \
    "strb %[x2], [" where "]\n\t"

#define STRIP_CONSTANTS                                                                                                \
    "ldrd r4, r5, [%[t], #28]\n\t"                                                                                     \
    "ldrd r6, r8, [%[t], #36]\n\t"

// `end` is where the first row's pointer will be.
#define STRIP_LOOP                                                                                                     \
    "ldr r4, %[end]\n\t"                                                                                               \
    "cmp %[r0], r4\n\t"                                                                                                \
    "bne 1b\n\t"

// Outputs of stride 1 by fours: three words of each row, of which the third is the next four's first.
static inline int8_t *fours(const int32_t *rows[3], const channel_constants *t, uint32_t count, int8_t *output) {
    const int32_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *end = r0 + 2 * count;
    int32_t a, b, c, d, x2;
    __asm__ volatile(
        "1:\n\t"
        "ldr %[x2], [%[t], #24]\n\t" STRIP_ROW_4("r0", "0", "%[x2]", "%[x2]", "%[x2]", "%[x2]") STRIP_ROW_4(
            "r1", "8", "%[a]", "%[b]", "%[c]", "%[d]") STRIP_ROW_4("r2", "16", "%[a]", "%[b]", "%[c]", "%[d]")
            STRIP_CONSTANTS STRIP_OUTPUT("a", "%[output]") STRIP_OUTPUT(
                "b", "%[output], r8") "add %[output], %[output], r8, "
                                      "lsl #1\n\t" STRIP_OUTPUT("c", "%[output]") STRIP_OUTPUT(
                                          "d", "%[output], r8") "add %[output], %[output], r8, lsl #1\n\t" STRIP_LOOP
        : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [r0] "+r"(r0), [r1] "+r"(r1), [r2] "+r"(r2),
          [x2] "=&r"(x2), [output] "+r"(output)
        : [t] "r"(t), [end] "m"(end)
        : "r4", "r5", "r6", "r8", "cc", "memory");
    rows[0] = r0, rows[1] = r1, rows[2] = r2;
    return output;
}

// Outputs of stride 2 by twos.
static inline int8_t *twos(const int32_t *rows[3], const channel_constants *t, uint32_t count, int8_t *output) {
    const int32_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *end = r0 + 2 * count;
    int32_t a, b, x2;
    __asm__ volatile(
        "1:\n\t"
        "ldr %[x2], [%[t], #24]\n\t" STRIP_ROW_2("r0", "0", "%[x2]", "%[x2]") STRIP_ROW_2("r1", "8", "%[a]", "%[b]")
            STRIP_ROW_2("r2", "16", "%[a]", "%[b]") STRIP_CONSTANTS STRIP_OUTPUT("a", "%[output]")
                STRIP_OUTPUT("b", "%[output], r8") "add %[output], "
                                                   "%[output], r8, lsl "
                                                   "#1\n\t" STRIP_LOOP
        : [a] "=&r"(a), [b] "=&r"(b), [r0] "+r"(r0), [r1] "+r"(r1), [r2] "+r"(r2), [x2] "=&r"(x2), [output] "+r"(output)
        : [t] "r"(t), [end] "m"(end)
        : "r4", "r5", "r6", "r8", "cc", "memory");
    rows[0] = r0, rows[1] = r1, rows[2] = r2;
    return output;
}

// One or two outputs of stride 1 from one row, which stays where it is.
#define STRIP_ROW_TAIL(row, weights, second)                                                                           \
    "ldrd r4, r5, [%[" row "]]\n\t"                                                                                    \
    "ldrd r6, r8, [%[t], #" weights "]\n\t"                                                                            \
    "smlad %[a], r4, r6, %[a]\n\t"                                                                                     \
    "smlabt %[a], r5, r8, %[a]\n\t" second

#define STRIP_SECOND                                                                                                   \
    "smlatb %[b], r4, r6, %[b]\n\t"                                                                                    \
    "smlad %[b], r5, r8, %[b]\n\t"

// One output of either stride.
static inline void one_exact(const int32_t *const rows[3], const channel_constants *t, int8_t *output) {
    int32_t a = t->bias, x2;
    __asm__ volatile(STRIP_ROW_TAIL("r0", "0", "") STRIP_ROW_TAIL("r1", "8", "") STRIP_ROW_TAIL("r2", "16", "")
                         STRIP_CONSTANTS STRIP_OUTPUT("a", "%[output]")
                     : [a] "+r"(a), [x2] "=&r"(x2)
                     : [r0] "r"(rows[0]), [r1] "r"(rows[1]), [r2] "r"(rows[2]), [t] "r"(t), [output] "r"(output)
                     : "r4", "r5", "r6", "r8", "memory");
}

// Two outputs of stride 1.
static inline void two_exact(const int32_t *const rows[3], const channel_constants *t, int8_t *output) {
    int32_t a = t->bias, b = a, x2;
    __asm__ volatile(STRIP_ROW_TAIL("r0", "0", STRIP_SECOND) STRIP_ROW_TAIL("r1", "8", STRIP_SECOND)
                         STRIP_ROW_TAIL("r2", "16", STRIP_SECOND) STRIP_CONSTANTS STRIP_OUTPUT("a", "%[output]")
                             STRIP_OUTPUT("b", "%[output], r8")
                     : [a] "+r"(a), [b] "+r"(b), [x2] "=&r"(x2)
                     : [r0] "r"(rows[0]), [r1] "r"(rows[1]), [r2] "r"(rows[2]), [t] "r"(t), [output] "r"(output)
                     : "r4", "r5", "r6", "r8", "memory");
}

#elif TDF_HAS_SSE2

static inline int8_t *store_4(int32_t bytes, int32_t pitch, int8_t *output) {
    for (int k = 0; k < 4; k++) {
        *output = (int8_t)(uint8_t)((uint32_t)bytes >> 8 * k);
        output += pitch;
    }
    return output;
}

// The sums of four neighbouring outputs of stride 1.
static inline __m128i sums_of_4(const int32_t *const rows[3], const channel_constants *t) {
    __m128i sums = _mm_set1_epi32(t->bias);
    for (int k = 0; k < 3; k++) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)rows[k]);
        const __m128i next = _mm_srli_si128(x, 2), last = _mm_srli_si128(x, 4);
        const __m128i w0 = _mm_set1_epi32(t->weights[k][0]),
                      w2 = _mm_set1_epi32((int32_t)((uint32_t)t->weights[k][1] >> 16));
        sums = _mm_add_epi32(sums, _mm_madd_epi16(_mm_unpacklo_epi16(x, next), w0));
        sums = _mm_add_epi32(sums, _mm_madd_epi16(_mm_unpacklo_epi16(last, last), w2));
    }
    return sums;
}

static inline int8_t *fours(const int32_t *rows[3], const channel_constants *t, uint32_t count, int8_t *output) {
    for (; count > 0; count--) {
        output = store_4(tdf_scale_4(sums_of_4(rows, t), &t->scaling), t->pitch, output);
        rows[0] += 2, rows[1] += 2, rows[2] += 2;
    }
    return output;
}

// The sums of four neighbouring outputs of stride 2.
static inline __m128i wide_sums_of_4(const int32_t *const rows[3], const channel_constants *t) {
    __m128i sums = _mm_set1_epi32(t->bias);
    for (int k = 0; k < 3; k++) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)rows[k]);
        const __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(rows[k] + 1));
        const __m128i w2 = _mm_set1_epi32((int32_t)((uint32_t)t->weights[k][1] >> 16));
        sums = _mm_add_epi32(sums, _mm_madd_epi16(x, _mm_set1_epi32(t->weights[k][0])));
        sums = _mm_add_epi32(sums, _mm_madd_epi16(next, w2));
    }
    return sums;
}

static inline int8_t *twos(const int32_t *rows[3], const channel_constants *t, uint32_t count, int8_t *output) {
    for (; count > 1; count -= 2) {
        output = store_4(tdf_scale_4(wide_sums_of_4(rows, t), &t->scaling), t->pitch, output);
        rows[0] += 4, rows[1] += 4, rows[2] += 4;
    }
    for (count *= 2; count > 0; count--) {
        one_of_any_stride(NULL, 1, rows, t, output);
        output += t->pitch;
        rows[0]++, rows[1]++, rows[2]++;
    }
    return output;
}

#else

static inline int8_t *fours(const int32_t *rows[3], const channel_constants *t, uint32_t count, int8_t *output) {
    for (; count > 0; count--) {
        for (int half = 0; half < 2; half++) {
            two_of_stride_1(NULL, 1, rows, t, 2, output);
            output += 2 * t->pitch;
            rows[0]++, rows[1]++, rows[2]++;
        }
    }
    return output;
}

static inline int8_t *twos(const int32_t *rows[3], const channel_constants *t, uint32_t count, int8_t *output) {
    for (count *= 2; count > 0; count--) {
        int32_t a = t->bias;
        for (int k = 0; k < 3; k++) {
            a = tdf_smlabt(rows[k][1], t->weights[k][1], tdf_smlad(rows[k][0], t->weights[k][0], a));
            rows[k]++;
        }
        *output = (int8_t)tdf_saturate_8(tdf_scale(a, &t->scaling));
        output += t->pitch;
    }
    return output;
}

#endif

#if !TDF_HAS_DSP

static inline void one_exact(const int32_t *const rows[3], const channel_constants *t, int8_t *output) {
    one_of_any_stride(NULL, 1, rows, t, output);
}

static inline void two_exact(const int32_t *const rows[3], const channel_constants *t, int8_t *output) {
    two_of_stride_1(NULL, 1, rows, t, 2, output);
}

#endif

APART void strip_of_stride_1(const strip *s) {
    const channel_constants *t = s->constants;
    const uint32_t whole = s->width / 4;
    int8_t *output = s->output;
    for (uint32_t row = 0, offset = 0; row < s->count; row++, offset += s->step) {
        const int32_t *rows[3] = {s->rows[0] + offset, s->rows[1] + offset, s->rows[2] + offset};
        if (whole > 0) {
            output = fours(rows, t, whole, output);
        }
        if (s->width % 4 > 1) {
            two_exact(rows, t, output);
            output += 2 * t->pitch;
            rows[0]++, rows[1]++, rows[2]++;
        }
        if (s->width % 2 != 0) {
            one_exact(rows, t, output);
            output += t->pitch;
        }
    }
}

APART void strip_of_stride_2(const strip *s) {
    const channel_constants *t = s->constants;
    const uint32_t whole = s->width / 2;
    int8_t *output = s->output;
    for (uint32_t row = 0, offset = 0; row < s->count; row++, offset += s->step) {
        const int32_t *rows[3] = {s->rows[0] + offset, s->rows[1] + offset, s->rows[2] + offset};
        if (whole > 0) {
            output = twos(rows, t, whole, output);
        }
        if (s->width % 2 != 0) {
            one_exact(rows, t, output);
            output += t->pitch;
        }
    }
}

// Any stride, factor and range, one output at a time.
APART void any_strip(const tdf_depthwise_3x3_dsp_parameters *p, const strip *s) {
    const channel_constants *t = s->constants;
    int8_t *output = s->output;
    for (uint32_t row = 0, offset = 0; row < s->count; row++, offset += s->step) {
        const int32_t *rows[3] = {s->rows[0] + offset, s->rows[1] + offset, s->rows[2] + offset};
        for (uint32_t x = 0; x < s->width; x += p->window.stride_x == 1 ? 2 : 1) {
            const uint32_t count = p->window.stride_x == 1 && x + 1 < s->width ? 2 : 1;
            if (p->window.stride_x == 1) {
                two_of_stride_1(p, 0, rows, t, count, output);
            } else {
                one_of_any_stride(p, 0, rows, t, output);
            }
            output += (int32_t)count * t->pitch;
            rows[0]++, rows[1]++, rows[2]++;
        }
    }
}

static inline void run_strip(const tdf_depthwise_3x3_dsp_parameters *p, const strip *s) {
    if (p->rounding == TDF_SCALING_ANY) {
        any_strip(p, s);
    } else if (p->window.stride_x == 1) {
        strip_of_stride_1(s);
    } else {
        strip_of_stride_2(s);
    }
}

// `count` output rows from `y` on of the channels at work, of which the input rows before `loaded` are unpacked; gives
// which are then.
APART int32_t run_rows(const workspace *s, const int8_t *input, int8_t *output, uint32_t y, uint32_t count,
                       int32_t loaded) {
    const tdf_depthwise_3x3_dsp_parameters *p = s->p;
    const tdf_window *w = &p->window;
    const uint32_t slot_words = TDF_PLANAR_CHANNELS * s->planar.words;
    const int32_t top = (int32_t)(y * w->stride_y) - w->padding_top;
    const int32_t bottom = top + (int32_t)((count - 1) * w->stride_y) + 3;
    for (loaded = tdf_max(loaded, top); loaded < bottom; loaded++) {
        int32_t *slot = s->slots + (uint32_t)(loaded + w->padding_top) % p->slots * slot_words;
        if ((uint32_t)loaded < w->input_height) {
            tdf_planar_unpack(&s->planar, input + (size_t)loaded * w->input_width * p->channels, slot);
        } else {
            tdf_planar_fill(&s->planar, slot, 1);
        }
    }
    strip t = {.width = w->output_width};
    uint32_t done = 0;
    while (done < count) {
        // As many rows as lie in slots one after the other.
        const uint32_t first = (y + done) * w->stride_y % p->slots;
        const uint32_t fit = first + 3 <= p->slots ? (p->slots - first - 3) / w->stride_y + 1 : 1;
        t.count = fit < count - done ? fit : count - done;
        t.step = w->stride_y * slot_words;
        for (uint32_t c = 0; c < s->planar.lanes; c++) {
            for (uint32_t k = 0; k < 3; k++) {
                t.rows[k] = s->slots + (first + k) % p->slots * slot_words + c * s->planar.words;
            }
            t.constants = &s->constants[c];
            t.output = output + (size_t)(y + done) * w->output_width * p->channels + c;
            run_strip(p, &t);
        }
        done += t.count;
    }
    return loaded;
}

static inline void start_channels(workspace *s, uint32_t channel) {
    const uint32_t left = s->p->channels - channel;
    s->planar.lanes = left < TDF_PLANAR_CHANNELS ? left : TDF_PLANAR_CHANNELS;
    unpack_constants(s, channel);
}

TDF_HOT void tdf_depthwise_3x3_dsp(const tdf_depthwise_3x3_dsp_parameters *p, const int8_t *input, int8_t *output,
                                   int8_t *scratch) {
    channel_constants *constants = (channel_constants *)(void *)scratch;
    workspace s = {
        .p = p,
        .constants = constants,
        .slots = (int32_t *)(void *)(constants + TDF_PLANAR_CHANNELS),
        .planar = {p->window.input_width, p->channels, (uint32_t)p->window.padding_left, p->row_pixels / 2u,
                   TDF_PLANAR_CHANNELS, p->padding_value},
    };
    const uint32_t height = p->window.output_height, step = p->batch;
    tdf_planar_fill(&s.planar, s.slots, p->slots);
    if (p->by_rows) {
        const uint32_t batches = (height + step - 1) / step;
        for (uint32_t k = 0; k < batches; k++) {
            const uint32_t y = (p->backward ? batches - 1 - k : k) * step;
            const uint32_t count = height - y < step ? height - y : step;
            for (uint32_t channel = 0; channel < p->channels; channel += TDF_PLANAR_CHANNELS) {
                start_channels(&s, channel);
                run_rows(&s, input + channel, output + channel, y, count, INT32_MIN);
            }
        }
        return;
    }
    for (uint32_t channel = 0; channel < p->channels; channel += TDF_PLANAR_CHANNELS) {
        int32_t loaded = INT32_MIN;
        start_channels(&s, channel);
        for (uint32_t y = 0; y < height; y += step) {
            const uint32_t count = height - y < step ? height - y : step;
            loaded = run_rows(&s, input + channel, output + channel, y, count, loaded);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_mve.h"

#define CHANNELS 4u

#if TDF_HAS_MVE

// Four channels of two pixels, whose inputs are in registers `a` and `b`. `first` is "" for the first group of inputs
// and "a" for those that are added to it.
#define PRODUCTS(first, a, b)                                                                                          \
    "vldrb.8 q4, [%[blocks]], #16\n\t"                                                                                 \
    "vldrb.8 q5, [%[blocks]], #16\n\t"                                                                                 \
    "vmladav" first ".s8 %[a0], " a ", q4\n\t"                                                                         \
    "vmladav" first ".s8 %[b0], " b ", q4\n\t"                                                                         \
    "vldrb.8 q4, [%[blocks]], #16\n\t"                                                                                 \
    "vmladav" first ".s8 %[a1], " a ", q5\n\t"                                                                         \
    "vmladav" first ".s8 %[b1], " b ", q5\n\t"                                                                         \
    "vldrb.8 q5, [%[blocks]], #16\n\t"                                                                                 \
    "vmladav" first ".s8 %[a2], " a ", q4\n\t"                                                                         \
    "vmladav" first ".s8 %[b2], " b ", q4\n\t"                                                                         \
    "vmladav" first ".s8 %[a3], " a ", q5\n\t"                                                                         \
    "vmladav" first ".s8 %[b3], " b ", q5\n\t"

// TFLM's double rounding of both pixels' sums, whose result is narrowed to 16 bits: lanes of a and b by turns. What
// rounds a half away from zero is one less before a negative value is shifted (`ROUND`); where negative values are
// outside the range there is no need of it.
#define SCALE(round)                                                                                                   \
    "vmov q4[2], q4[0], %[a0], %[a2]\n\t"                                                                              \
    "vmov q4[3], q4[1], %[a1], %[a3]\n\t"                                                                              \
    "vldrw.32 q6, [%[blocks]], #16\n\t"                                                                                \
    "vmov q5[2], q5[0], %[b0], %[b2]\n\t"                                                                              \
    "vmov q5[3], q5[1], %[b1], %[b3]\n\t"                                                                              \
    "vadd.i32 q4, q4, q6\n\t"                                                                                          \
    "vadd.i32 q5, q5, q6\n\t"                                                                                          \
    "vldrw.32 q6, [%[blocks]], #16\n\t"                                                                                \
    "vqrdmulh.s32 q4, q4, q6\n\t"                                                                                      \
    "vqrdmulh.s32 q5, q5, q6\n\t"                                                                                      \
    "vldrw.32 q6, [%[blocks]], #16\n\t" round "vrshl.s32 q4, q4, q6\n\t"                                               \
    "vrshl.s32 q5, q5, q6\n\t"                                                                                         \
    "vqmovnb.s32 q4, q4\n\t"                                                                                           \
    "vqmovnt.s32 q4, q5\n\t"
#define ROUND                                                                                                          \
    "movs %[spare], #1\n\t"                                                                                            \
    "vpt.s32 lt, q4, zr\n\t"                                                                                           \
    "vsubt.i32 q4, q4, %[spare]\n\t"                                                                                   \
    "vpt.s32 lt, q5, zr\n\t"                                                                                           \
    "vsubt.i32 q5, q5, %[spare]\n\t"

// Adds the zero point, holds the outputs to int8 and stores them.
#define STORE                                                                                                          \
    "ldr %[spare], %[zero_point]\n\t"                                                                                  \
    "vqadd.s16 q4, q4, %[spare]\n\t"                                                                                   \
    "vqmovnb.s16 q4, q4\n\t"                                                                                           \
    "vstrb.16 q4, [%[output], %q[places]]\n\t"                                                                         \
    "adds %[output], #4\n\t"

// All eight registers that VMLADAV can add to hold sums, so LR is not free for a low-overhead loop.
#define SUMS(s)                                                                                                        \
    [a0] "=&Te"(s[0]), [a1] "=&Te"(s[1]), [a2] "=&Te"(s[2]), [a3] "=&Te"(s[3]), [b0] "=&Te"(s[4]), [b1] "=&Te"(s[5]),  \
        [b2] "=&Te"(s[6]), [b3] "=&Te"(s[7])

// Blocks of up to sixteen inputs, or of up to 32.
#define RESIDENT(products, round)                                                                                      \
    __asm__ volatile(                                                                                                  \
        "1:\n\t" products SCALE(round) STORE "subs %[count], #1\n\t"                                                   \
                                             "bne 1b\n\t"                                                              \
        : SUMS(sums), [blocks] "+r"(blocks), [output] "+r"(output), [count] "+r"(count), [spare] "=&r"(spare)          \
        :                                                                                                              \
        [a] "w"(a[0]), [b] "w"(b[0]), [c] "w"(a[1]), [d] "w"(b[1]), [places] "w"(places), [zero_point] "m"(zero_point) \
        : "q4", "q5", "q6", "cc", "memory")
#define ONE_GROUP  PRODUCTS("", "%q[a]", "%q[b]")
#define TWO_GROUPS ONE_GROUP PRODUCTS("a", "%q[c]", "%q[d]")

// Blocks of any number of groups.
#define STREAMED(round)                                                                                                \
    __asm__ volatile("1:\n\t"                                                                                          \
                     "ldr %[spare], %[more]\n\t"                                                                       \
                     "vldrb.8 q0, [%[a]], #16\n\t"                                                                     \
                     "vldrb.8 q1, [%[b]], #16\n\t" PRODUCTS(                                                           \
                         "", "q0", "q1") "2:\n\t"                                                                      \
                                         "vldrb.8 q0, [%[a]], #16\n\t"                                                 \
                                         "vldrb.8 q1, [%[b]], #16\n\t" PRODUCTS(                                       \
                                             "a", "q0", "q1") "subs %[spare], #16\n\t"                                 \
                                                              "bne 2b\n\t"                                             \
                                                              "ldr %[spare], %[inputs]\n\t"                            \
                                                              "subs %[a], %[spare]\n\t"                                \
                                                              "subs %[b], %[spare]\n\t" SCALE(round) STORE             \
                     "subs %[count], #1\n\t"                                                                           \
                     "bne 1b\n\t"                                                                                      \
                     : SUMS(sums), [blocks] "+r"(blocks), [output] "+r"(output), [count] "+r"(count),                  \
                       [spare] "=&r"(spare), [a] "+r"(a), [b] "+r"(b)                                                  \
                     : [places] "w"(places), [zero_point] "m"(zero_point), [more] "m"(more), [inputs] "m"(inputs)      \
                     : "q0", "q1", "q4", "q5", "q6", "cc", "memory")

// Lane 2 * c is channel c of the first pixel, lane 2 * c + 1 that of the second.
static inline uint16x8_t places_of(uint32_t pitch) {
    const uint16x8_t lanes = vidupq_n_u16(0, 1);
    const uint16x8_t second = vmulq_n_u16(vandq_u16(lanes, vdupq_n_u16(1)), (uint16_t)pitch);
    return vaddq_u16(vshrq_n_u16(lanes, 1), second);
}

// Blocks of `pairs` pairs of pixels, which are `input_step` and `output_step` bytes apart.
static void resident_blocks(const tdf_dot_mve_parameters *p, const int32_t *first, uint32_t block_count,
                            const int8_t *left, const int8_t *right, uint32_t pitch, int8_t *to, uint32_t pairs,
                            int32_t input_step, int32_t output_step) {
    const uint16x8_t places = places_of(pitch);
    const int32_t zero_point = p->zero_point;
    const uint32_t head = p->inputs < TDF_MVE_LANES ? p->inputs : TDF_MVE_LANES, tail = p->inputs - head;
    const mve_pred16_t heads = vctp8q(head), tails = vctp8q(tail);
    for (; pairs > 0; pairs--) {
        const int8x16_t a[2] = {vldrbq_z_s8(left, heads), vldrbq_z_s8(left + head, tails)};
        const int8x16_t b[2] = {vldrbq_z_s8(right, heads), vldrbq_z_s8(right + head, tails)};
        const int32_t *blocks = first;
        int8_t *output = to;
        uint32_t count = block_count;
        int32_t sums[8], spare;
        if (tail == 0) {
            if (p->rectified) {
                RESIDENT(ONE_GROUP, "");
            } else {
                RESIDENT(ONE_GROUP, ROUND);
            }
        } else if (p->rectified) {
            RESIDENT(TWO_GROUPS, "");
        } else {
            RESIDENT(TWO_GROUPS, ROUND);
        }
        left += input_step;
        right += input_step;
        to += output_step;
    }
}

static void streamed_blocks(const tdf_dot_mve_parameters *p, const int32_t *blocks, uint32_t count, const int8_t *a,
                            const int8_t *b, uint32_t pitch, int8_t *output) {
    const uint16x8_t places = places_of(pitch);
    const int32_t zero_point = p->zero_point;
    const uint32_t inputs = tdf_whole_groups(p->inputs), more = inputs - TDF_MVE_LANES;
    int32_t sums[8], spare;
    if (p->rectified) {
        STREAMED("");
    } else {
        STREAMED(ROUND);
    }
}

static void all_blocks(const tdf_dot_mve_parameters *p, const int32_t *blocks, uint32_t count, const int8_t *a,
                       const int8_t *b, uint32_t pitch, int8_t *output) {
    if (p->inputs > TDF_MVE_RESIDENT) {
        streamed_blocks(p, blocks, count, a, b, pitch, output);
        return;
    }
    resident_blocks(p, blocks, count, a, b, pitch, output, 1, 0, 0);
}

TDF_HOT void tdf_dot_mve(const tdf_dot_mve_parameters *p, const int8_t *a, const int8_t *b, uint32_t pitch,
                         int8_t *output) {
    const uint32_t whole = p->output_channels / CHANNELS, rest = p->output_channels % CHANNELS;
    const size_t block_words = tdf_whole_groups(p->inputs) + sizeof(tdf_mve_channels) / sizeof *p->blocks;
    int8_t last[2 * CHANNELS];
    // The last block comes first, because the others may be written over the inputs.
    if (rest > 0) {
        all_blocks(p, p->blocks + whole * block_words, 1, a, b, CHANNELS, last);
    }
    if (whole > 0) {
        all_blocks(p, p->blocks, whole, a, b, pitch, output);
    }
    if (rest > 0) {
        tdf_copy_bytes(output + pitch + whole * CHANNELS, last + CHANNELS, rest);
        tdf_copy_bytes(output + whole * CHANNELS, last, rest);
    }
    if (p->low > INT8_MIN || p->high < INT8_MAX) {
        tdf_clamp_bytes(output, p->output_channels, p->low, p->high);
        tdf_clamp_bytes(output + pitch, p->output_channels, p->low, p->high);
    }
}

TDF_HOT void tdf_dot_pairs_mve(const tdf_dot_mve_parameters *p, uint32_t pairs, uint32_t backward, const int8_t *input,
                               int8_t *output) {
    const int32_t inputs = p->inputs, outputs = p->output_channels, step = backward ? -2 : 2;
    const size_t first = backward ? 2 * (size_t)pairs - 2 : 0;
    const int8_t *a = input + first * p->inputs;
    resident_blocks(p, p->blocks, p->output_channels / CHANNELS, a, a + inputs, p->output_channels,
                    output + first * p->output_channels, pairs, step * inputs, step * outputs);
    if (p->low > INT8_MIN || p->high < INT8_MAX) {
        tdf_clamp_bytes(output, 2 * pairs * p->output_channels, p->low, p->high);
    }
}

#else

TDF_HOT void tdf_dot_mve(const tdf_dot_mve_parameters *p, const int8_t *a, const int8_t *b, uint32_t pitch,
                         int8_t *output) {
    const uint32_t inputs = tdf_whole_groups(p->inputs);
    for (uint32_t c = 0; c < p->output_channels; c++) {
        const int32_t *block = p->blocks + c / CHANNELS * (inputs + sizeof(tdf_mve_channels) / sizeof *p->blocks);
        const int8_t *weights = (const int8_t *)block + c % CHANNELS * TDF_MVE_LANES;
        tdf_mve_channels channels;
        memcpy(&channels, block + inputs, sizeof channels);
        const uint32_t j = c % CHANNELS;
        int32_t first = channels.bias[j], second = first;
        for (uint32_t k = 0; k < p->inputs; k++) {
            const int32_t weight = weights[k / TDF_MVE_LANES * (TDF_MVE_LANES * CHANNELS) + k % TDF_MVE_LANES];
            first += weight * a[k];
            second += weight * b[k];
        }
        output[c + pitch] =
            tdf_output_of_sum(second, channels.multiplier[j], channels.shift[j], p->zero_point, p->low, p->high);
        output[c] = tdf_output_of_sum(first, channels.multiplier[j], channels.shift[j], p->zero_point, p->low, p->high);
    }
}

#endif

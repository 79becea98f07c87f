/* SPDX-License-Identifier: Apache-2.0 */
// Eight output channels at a time, whose rows are spread out in scratch: each channel has a plane of its own, in which
// the rows of a column are neighbours. So the inputs of an output are close together, and a VMLADAV makes sixteen of
// its products; for a 3x3 kernel all nine.
//
// A column has a slot for each row of the kernel, and one less again. Row r of the padded image is in slot
// r % kernel_height and, if there is one, in the slot kernel_height after that: a new row takes the place of the
// oldest, and as many rows as the kernel has that follow each other stay neighbours.
#include "mve.h"

#define PLANES   8u
#define CHANNELS 4u // whose outputs are made together
#define LANES    16u

#if TDF_HAS_MVE

#define SPREAD(load)                                                                                                   \
    __asm__ volatile("vctp.16 %[left]\n\t"                                                                             \
                     "dls lr, %[count]\n\t"                                                                            \
                     "1:\n\t" load "add %[from], %[from], %[step]\n\t"                                                 \
                     "vstrb.16 q0, [%[to], %q[places]]\n\t"                                                            \
                     "add %[to], %[to], %[slots]\n\t"                                                                  \
                     "vstrb.16 q0, [%[again], %q[places]]\n\t"                                                         \
                     "add %[again], %[again], %[slots]\n\t"                                                            \
                     "le lr, 1b\n\t"                                                                                   \
                     : [from] "+l"(from), [to] "+r"(to), [again] "+r"(again)                                           \
                     : [left] "r"(left), [count] "r"(count), [step] "r"((uint32_t)p->channels),                        \
                       [slots] "r"((uint32_t)p->slots), [places] "w"(places), [sources] "w"(sources)                   \
                     : "lr", "q0", "cc", "memory")

// Spreads `count` pixels, or a padding value where there are none, to the planes of up to eight output channels, from
// `channel` on; twice.
static inline void spread(const tdf_depthwise_mve_parameters *p, const int8_t *from, uint32_t channel, uint32_t count,
                          int8_t *to, int8_t *again) {
    const uint16x8_t lanes = vidupq_n_u16(0, 1), places = vmulq_n_u16(lanes, p->plane_bytes);
    const int16x8_t padding = vdupq_n_s16(p->padding_value);
    const uint32_t left = p->channels * p->multiplier - channel;
    uint16x8_t sources = lanes;
    if (from == NULL) {
        for (; count > 0; count--) {
            vstrbq_scatter_offset_s16(to, places, padding);
            vstrbq_scatter_offset_s16(again, places, padding);
            to += p->slots;
            again += p->slots;
        }
    } else if (p->multiplier == 1) {
        from += channel;
        SPREAD("vpst\n\tvldrbt.s16 q0, [%[from]]\n\t");
    } else {
        uint16_t of[PLANES];
        for (uint32_t k = 0; k < PLANES; k++) {
            of[k] = (uint16_t)((channel + k) / p->multiplier);
        }
        sources = vldrhq_u16(of);
        SPREAD("vpst\n\tvldrbt.s16 q0, [%[from], %q[sources]]\n\t");
    }
}

// The outputs of four channels of a 3x3 kernel along a row: `step` bytes from a window to the next. What rounds a half
// away from zero is one less before a negative value is shifted (`round`), as in dot_mve.c.
#define OUTPUTS(step, round, store)                                                                                    \
    __asm__ volatile("dls lr, %[count]\n\t"                                                                            \
                     "movs %[count], #1\n\t"                                                                           \
                     "1:\n\t"                                                                                          \
                     "vldrb.8 q4, [%[a]], " step "\n\t"                                                                \
                     "vmladav.s8 %[a0], q4, %q[w0]\n\t"                                                                \
                     "vldrb.8 q4, [%[b]], " step "\n\t"                                                                \
                     "vmladav.s8 %[a1], q4, %q[w1]\n\t"                                                                \
                     "vldrb.8 q4, [%[c]], " step "\n\t"                                                                \
                     "vmladav.s8 %[a2], q4, %q[w2]\n\t"                                                                \
                     "vldrb.8 q4, [%[d]], " step "\n\t"                                                                \
                     "vmladav.s8 %[a3], q4, %q[w3]\n\t"                                                                \
                     "vmov q4[2], q4[0], %[a0], %[a2]\n\t"                                                             \
                     "vmov q4[3], q4[1], %[a1], %[a3]\n\t"                                                             \
                     "vadd.i32 q4, q4, %q[bias]\n\t"                                                                   \
                     "vqrdmulh.s32 q4, q4, %q[multiplier]\n\t" round "vrshl.s32 q4, q4, %q[shift]\n\t"                 \
                     "vqadd.s32 q4, q4, %[zero_point]\n\t"                                                             \
                     "vqmovnb.s32 q4, q4\n\t"                                                                          \
                     "vqmovnb.s16 q4, q4\n\t" store "add %[output], %[output], %[pitch]\n\t"                           \
                     "le lr, 1b\n\t"                                                                                   \
                     : [a0] "=&Te"(sums[0]), [a1] "=&Te"(sums[1]), [a2] "=&Te"(sums[2]), [a3] "=&Te"(sums[3]),         \
                       [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [output] "+l"(output), [count] "+r"(count)  \
                     : [w0] "w"(weights[0]), [w1] "w"(weights[1]), [w2] "w"(weights[2]), [w3] "w"(weights[3]),         \
                       [bias] "w"(bias), [multiplier] "w"(multiplier), [shift] "w"(shift),                             \
                       [zero_point] "r"(zero_point), [pitch] "r"(pitch), [left] "m"(left)                              \
                     : "lr", "q4", "cc", "memory")
#define ROUND                                                                                                          \
    "vpt.s32 lt, q4, zr\n\t"                                                                                           \
    "vsubt.i32 q4, q4, %[count]\n\t"
#define STORE "vstrb.32 q4, [%[output]]\n\t"
#define STORE_SOME                                                                                                     \
    "ldr %[count], %[left]\n\t"                                                                                        \
    "vctp.32 %[count]\n\t"                                                                                             \
    "movs %[count], #1\n\t"                                                                                            \
    "vpst\n\t"                                                                                                         \
    "vstrbt.32 q4, [%[output]]\n\t"

// A function of its own: the loop needs all registers.
__attribute__((noinline)) static void row_of_3x3(const tdf_depthwise_mve_parameters *p, const int32_t *block,
                                                 const int8_t *planes, uint32_t left, int8_t *output) {
    const int8_t *bytes = (const int8_t *)block;
    const int8x16_t weights[CHANNELS] = {vldrbq_s8(bytes), vldrbq_s8(bytes + LANES), vldrbq_s8(bytes + 2 * LANES),
                                         vldrbq_s8(bytes + 3 * LANES)};
    const int32x4_t bias = vldrwq_s32(block + 16), multiplier = vldrwq_s32(block + 20);
    const int32x4_t shift = vldrwq_s32(block + 24);
    const int8_t *a = planes, *b = a + p->plane_bytes, *c = b + p->plane_bytes, *d = c + p->plane_bytes;
    const int32_t zero_point = p->zero_point;
    const uint32_t pitch = p->channels * p->multiplier;
    uint32_t count = p->window.output_width;
    int32_t sums[CHANNELS];
    if (left < CHANNELS) {
        if (p->window.stride_x == 2) {
            OUTPUTS("#10", ROUND, STORE_SOME);
        } else {
            OUTPUTS("#5", ROUND, STORE_SOME);
        }
    } else if (p->window.stride_x == 2) {
        if (p->rectified) {
            OUTPUTS("#10", "", STORE);
        } else {
            OUTPUTS("#10", ROUND, STORE);
        }
    } else if (p->rectified) {
        OUTPUTS("#5", "", STORE);
    } else {
        OUTPUTS("#5", ROUND, STORE);
    }
}

// All products of channel `k`, from as many groups as there are; `next` moves on to another channel.
#define GROUP(sum, first, k, group)                                                                                    \
    "vldrb.8 q0, [%[a], #16*" group "]\n\t"                                                                            \
    "vldrw.32 q1, [%[block], #64*" group "+16*" k "]\n\t"                                                              \
    "vmladav" first ".s8 %[" sum "], q0, q1\n\t"
#define ONE(sum, k)   GROUP(sum, "", k, "0")
#define TWO(sum, k)   ONE(sum, k) GROUP(sum, "a", k, "1")
#define THREE(sum, k) TWO(sum, k) GROUP(sum, "a", k, "2")
#define ANY(all)                                                                                                       \
    __asm__ volatile(                                                                                                  \
        "dls lr, %[count]\n\t"                                                                                         \
        "1:\n\t" all("a0", "0") "add %[a], %[a], %[plane]\n\t" all("a1", "1") "add %[a], %[a], %[plane]\n\t" all(      \
            "a2", "2") "add %[a], %[a], %[plane]\n\t" all("a3", "3") "add %[a], %[a], %[back]\n\t"                     \
                                                                     "vmov q0[2], q0[0], %[a0], %[a2]\n\t"             \
                                                                     "vmov q0[3], q0[1], %[a1], %[a3]\n\t"             \
                                                                     "vadd.i32 q0, q0, %q[bias]\n\t"                   \
                                                                     "vqrdmulh.s32 q0, q0, %q[multiplier]\n\t"         \
                                                                     "vpt.s32 lt, q0, zr\n\t"                          \
                                                                     "vsubt.i32 q0, q0, %q[one]\n\t"                   \
                                                                     "vrshl.s32 q0, q0, %q[shift]\n\t"                 \
                                                                     "vqadd.s32 q0, q0, %q[zero_point]\n\t"            \
                                                                     "vqmovnb.s32 q0, q0\n\t"                          \
                                                                     "vqmovnb.s16 q0, q0\n\t"                          \
                                                                     "vctp.32 %[left]\n\t"                             \
                                                                     "vpst\n\t"                                        \
                                                                     "vstrbt.32 q0, [%[output]]\n\t"                   \
                                                                     "add %[output], %[output], %[pitch]\n\t"          \
                                                                     "le lr, 1b\n\t"                                   \
        : [a0] "=&Te"(sums[0]), [a1] "=&Te"(sums[1]), [a2] "=&Te"(sums[2]), [a3] "=&Te"(sums[3]), [a] "+r"(planes),    \
          [output] "+l"(output)                                                                                        \
        : [bias] "w"(bias), [multiplier] "w"(multiplier), [shift] "w"(shift), [one] "w"(one),                          \
          [zero_point] "w"(zero_point), [block] "r"(block), [plane] "r"(plane), [back] "r"(back), [pitch] "r"(pitch),  \
          [left] "r"(left), [count] "r"((uint32_t)p->window.output_width)                                              \
        : "lr", "q0", "q1", "cc", "memory")

__attribute__((noinline)) static void row_of_any(const tdf_depthwise_mve_parameters *p, const int32_t *block,
                                                 const int8_t *planes, uint32_t left, int8_t *output) {
    const int32_t *channels = block + p->groups * LANES;
    const int32x4_t bias = vldrwq_s32(channels), multiplier = vldrwq_s32(channels + 4);
    const int32x4_t shift = vldrwq_s32(channels + 8);
    const int32x4_t one = vdupq_n_s32(1), zero_point = vdupq_n_s32(p->zero_point);
    const int32_t plane = p->plane_bytes, back = p->slots * p->window.stride_x - 3 * plane;
    const uint32_t pitch = p->channels * p->multiplier;
    int32_t sums[CHANNELS];
    if (p->groups == 1) {
        ANY(ONE);
    } else if (p->groups == 2) {
        ANY(TWO);
    } else {
        ANY(THREE);
    }
}

static inline void row_of_four(const tdf_depthwise_mve_parameters *p, const int32_t *block, const int8_t *planes,
                               uint32_t left, int8_t *output) {
    const tdf_window *w = &p->window;
    if (w->kernel_height == 3 && w->kernel_width == 3 && w->stride_x <= 2) {
        row_of_3x3(p, block, planes, left, output);
    } else {
        row_of_any(p, block, planes, left, output);
    }
}

#else

static void spread(const tdf_depthwise_mve_parameters *p, const int8_t *from, uint32_t channel, uint32_t count,
                   int8_t *to, int8_t *again) {
    for (uint32_t x = 0; x < count; x++) {
        for (uint32_t k = 0; k < PLANES && channel + k < p->channels * p->multiplier; k++) {
            const size_t place = k * p->plane_bytes + x * p->slots;
            const uint32_t source = (channel + k) / p->multiplier;
            to[place] = again[place] = from == NULL ? p->padding_value : from[x * p->channels + source];
        }
    }
}

static void row_of_four(const tdf_depthwise_mve_parameters *p, const int32_t *block, const int8_t *planes,
                        uint32_t left, int8_t *output) {
    const int8_t *weights = (const int8_t *)block;
    const uint32_t span = p->slots * (p->window.kernel_width - 1u) + p->window.kernel_height;
    tdf_mve_channels channels;
    memcpy(&channels, block + p->groups * LANES, sizeof channels);
    for (uint32_t k = 0; k < CHANNELS && k < left; k++) {
        for (uint32_t x = 0; x < p->window.output_width; x++) {
            const int8_t *columns = planes + k * p->plane_bytes + x * p->window.stride_x * p->slots;
            int32_t sum = channels.bias[k];
            for (uint32_t i = 0; i < span; i++) {
                sum += weights[i / LANES * (CHANNELS * LANES) + k * LANES + i % LANES] * columns[i];
            }
            output[x * p->channels * p->multiplier + k] =
                tdf_output_of_sum(sum, channels.multiplier[k], channels.shift[k], p->zero_point, INT8_MIN, INT8_MAX);
        }
    }
}

#endif

// Spreads row r of the padded image to slot `slot`, for up to eight output channels from `channel` on.
static inline void spread_row(const tdf_depthwise_mve_parameters *p, const int8_t *input, uint32_t channel, uint32_t r,
                              uint32_t slot, int8_t *planes) {
    const tdf_window *w = &p->window;
    const int32_t y = (int32_t)r - w->padding_top;
    const uint32_t inside = y >= 0 && y < w->input_height;
    const int8_t *from = inside ? input + (size_t)y * w->input_width * p->channels : NULL;
    int8_t *to = planes + (uint32_t)w->padding_left * p->slots + slot;
    spread(p, from, channel, w->input_width, to, slot + w->kernel_height < p->slots ? to + w->kernel_height : to);
}

// One row of outputs, for up to eight channels from `channel` on.
static inline void output_row(const tdf_depthwise_mve_parameters *p, const int8_t *planes, uint32_t channel,
                              int8_t *output) {
    const uint32_t block_words = p->groups * LANES + sizeof(tdf_mve_channels) / sizeof *p->blocks;
    const int32_t *block = p->blocks + channel / CHANNELS * block_words;
    const uint32_t left = p->channels * p->multiplier - channel;
    row_of_four(p, block, planes, left, output);
    if (left > CHANNELS) {
        row_of_four(p, block + block_words, planes + CHANNELS * p->plane_bytes, left - CHANNELS, output + CHANNELS);
    }
}

TDF_HOT void tdf_depthwise_mve(const tdf_depthwise_mve_parameters *p, const int8_t *input, int8_t *output,
                               int8_t *scratch) {
    const tdf_window *w = &p->window;
    const uint32_t channels = p->channels * p->multiplier, pitch = w->output_width * channels, rows = w->kernel_height;
    tdf_fill_bytes(scratch, p->padding_value, PLANES * p->plane_bytes);
    if (p->by_rows) {
        for (uint32_t y = 0; y < w->output_height; y++) {
            for (uint32_t channel = 0; channel < channels; channel += PLANES) {
                for (uint32_t r = 0; r < rows; r++) {
                    spread_row(p, input, channel, y * w->stride_y + r, r, scratch);
                }
                output_row(p, scratch, channel, output + (size_t)y * pitch + channel);
            }
        }
    } else {
        for (uint32_t channel = 0; channel < channels; channel += PLANES) {
            uint32_t next = 0; // row to be spread
            for (uint32_t y = 0; y < w->output_height; y++) {
                const uint32_t top = y * w->stride_y;
                for (next = next > top ? next : top; next < top + rows; next++) {
                    spread_row(p, input, channel, next, next % rows, scratch);
                }
                output_row(p, scratch + top % rows, channel, output + (size_t)y * pitch + channel);
            }
        }
    }
    if (p->low > INT8_MIN || p->high < INT8_MAX) {
        tdf_clamp_bytes(output, (uint32_t)w->output_height * pitch, p->low, p->high);
    }
}

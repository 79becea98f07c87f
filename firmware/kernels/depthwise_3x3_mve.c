// Eight channels at a time, whose rows are spread out in scratch: each channel has a plane of its own, in which the
// rows of a column are neighbours. So the inputs of an output are within sixteen bytes, and one VMLADAV makes its
// products.
//
// A column has five slots. Row r of the padded image is in slot r % 3 and, if there is one, in the slot three after
// that: a new row takes the place of the oldest, and any three rows that follow each other stay neighbours.
#include "mve.h"

#define PLANES   8u
#define CHANNELS 4u // whose outputs are made together
#define ROWS     3u
#define SLOTS    5u
#define LANES    16u
#define BLOCK    (LANES * CHANNELS / sizeof(int32_t) + sizeof(mve_channels) / sizeof(int32_t))

#if HAS_MVE

// Spreads `count` pixels of up to eight channels, or a padding value where there are none; twice.
static inline void spread(const depthwise_3x3_mve_parameters *p, const int8_t *from, uint32_t channels, uint32_t count,
                          int8_t *to, int8_t *again) {
    const uint16x8_t places = vmulq_n_u16(vidupq_n_u16(0, 1), p->plane_bytes);
    const int16x8_t padding = vdupq_n_s16(p->padding_value);
    if (from == NULL) {
        for (; count > 0; count--) {
            vstrbq_scatter_offset_s16(to, places, padding);
            vstrbq_scatter_offset_s16(again, places, padding);
            to += SLOTS;
            again += SLOTS;
        }
        return;
    }
    __asm__ volatile(
        "vctp.16 %[channels]\n\t"
        "dls lr, %[count]\n\t"
        "1:\n\t"
        "vpst\n\t"
        "vldrbt.s16 q0, [%[from]]\n\t"
        "add %[from], %[from], %[step]\n\t"
        "vstrb.16 q0, [%[to], %q[places]]\n\t"
        "adds %[to], %[to], #5\n\t"
        "vstrb.16 q0, [%[again], %q[places]]\n\t"
        "adds %[again], %[again], #5\n\t"
        "le lr, 1b\n\t"
        : [from] "+l"(from), [to] "+r"(to), [again] "+r"(again)
        : [channels] "r"(channels), [count] "r"(count), [step] "r"((uint32_t)p->channels), [places] "w"(places)
        : "lr", "q0", "cc", "memory");
}

// The outputs of four channels along a row: `step` bytes from a window to the next. What rounds a half away from zero
// is one less before a negative value is shifted (`round`), as in dot_mve.c.
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
__attribute__((noinline)) static void row_of_four(const depthwise_3x3_mve_parameters *p, const int32_t *block,
                                                  const int8_t *planes, uint32_t left, int8_t *output) {
    const int8_t *bytes = (const int8_t *)block;
    const int8x16_t weights[CHANNELS] = {vldrbq_s8(bytes), vldrbq_s8(bytes + LANES), vldrbq_s8(bytes + 2 * LANES),
                                         vldrbq_s8(bytes + 3 * LANES)};
    const int32x4_t bias = vldrwq_s32(block + 16), multiplier = vldrwq_s32(block + 20);
    const int32x4_t shift = vldrwq_s32(block + 24);
    const int8_t *a = planes, *b = a + p->plane_bytes, *c = b + p->plane_bytes, *d = c + p->plane_bytes;
    const int32_t zero_point = p->zero_point;
    const uint32_t pitch = p->channels;
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

#else

static void spread(const depthwise_3x3_mve_parameters *p, const int8_t *from, uint32_t channels, uint32_t count,
                   int8_t *to, int8_t *again) {
    for (uint32_t x = 0; x < count; x++) {
        for (uint32_t c = 0; c < PLANES && c < channels; c++) {
            const size_t place = c * p->plane_bytes + x * SLOTS;
            to[place] = again[place] = from == NULL ? p->padding_value : from[x * p->channels + c];
        }
    }
}

static void row_of_four(const depthwise_3x3_mve_parameters *p, const int32_t *block, const int8_t *planes,
                        uint32_t left, int8_t *output) {
    const int8_t *weights = (const int8_t *)block;
    mve_channels channels;
    memcpy(&channels, weights + CHANNELS * LANES, sizeof channels);
    for (uint32_t k = 0; k < CHANNELS && k < left; k++) {
        for (uint32_t x = 0; x < p->window.output_width; x++) {
            const int8_t *columns = planes + k * p->plane_bytes + x * p->window.stride_x * SLOTS;
            int32_t sum = channels.bias[k];
            for (uint32_t i = 0; i < ROWS * SLOTS; i++) {
                sum += weights[k * LANES + i] * columns[i];
            }
            output[x * p->channels + k] =
                output_of_sum(sum, channels.multiplier[k], channels.shift[k], p->zero_point, INT8_MIN, INT8_MAX);
        }
    }
}

#endif

// Spreads row r of the padded image, for up to eight channels from `channel` on.
static inline void spread_row(const depthwise_3x3_mve_parameters *p, const int8_t *input, uint32_t channel, uint32_t r,
                              uint32_t slot, int8_t *planes) {
    const window *w = &p->window;
    const int32_t y = (int32_t)r - w->padding_top;
    const uint32_t inside = y >= 0 && y < w->input_height;
    const int8_t *from = inside ? input + (size_t)y * w->input_width * p->channels + channel : NULL;
    int8_t *to = planes + (uint32_t)w->padding_left * SLOTS + slot;
    spread(p, from, p->channels - channel, w->input_width, to, slot + ROWS < SLOTS ? to + ROWS : to);
}

// One row of outputs, for up to eight channels from `channel` on.
static inline void output_row(const depthwise_3x3_mve_parameters *p, const int8_t *planes, uint32_t channel,
                              int8_t *output) {
    const int32_t *block = p->blocks + channel / CHANNELS * BLOCK;
    const uint32_t left = p->channels - channel;
    row_of_four(p, block, planes, left, output);
    if (left > CHANNELS) {
        row_of_four(p, block + BLOCK, planes + CHANNELS * p->plane_bytes, left - CHANNELS, output + CHANNELS);
    }
}

TINYDF_HOT void depthwise_3x3_mve(const depthwise_3x3_mve_parameters *p, const int8_t *input, int8_t *output,
                                  int8_t *scratch) {
    const window *w = &p->window;
    const uint32_t channels = p->channels, pitch = w->output_width * channels;
    fill_bytes(scratch, p->padding_value, PLANES * p->plane_bytes);
    if (p->by_rows) {
        for (uint32_t y = 0; y < w->output_height; y++) {
            for (uint32_t channel = 0; channel < channels; channel += PLANES) {
                for (uint32_t r = 0; r < ROWS; r++) {
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
                for (next = next > top ? next : top; next < top + ROWS; next++) {
                    spread_row(p, input, channel, next, next % ROWS, scratch);
                }
                output_row(p, scratch + top % ROWS, channel, output + (size_t)y * pitch + channel);
            }
        }
    }
    if (p->low > INT8_MIN || p->high < INT8_MAX) {
        clamp_bytes(output, (uint32_t)w->output_height * pitch, p->low, p->high);
    }
}

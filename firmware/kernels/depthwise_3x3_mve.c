// Row by row, sixteen channels of a pixel at a time. The last three rows of the input are kept in scratch with their
// padding, so it works in place. Products of 8 bits are added by twos in 16 bits, which hold them, then in 32.
//
// A product's lanes go into four sums by their channels: 0 4 8 12, 2 6 10 14, 1 5 9 13 and 3 7 11 15; the scalings lie
// in that order, and narrowing puts the outputs back into theirs.
#include "mve.h"

#define LANES 16
#define ROWS  3
#define TAPS  9

// Row `r` of the padded image.
static inline int8_t *slot_of(const depthwise_3x3_mve_parameters *p, int8_t *scratch, uint32_t r) {
    return scratch + r % ROWS * p->row_pixels * p->channels;
}

static void copy_row(const depthwise_3x3_mve_parameters *p, const int8_t *input, uint32_t r, int8_t *to) {
    const window *w = &p->window;
    const int32_t y = (int32_t)r - w->padding_top;
    const uint32_t bytes = (uint32_t)w->input_width * p->channels;
    const uint32_t before = (uint32_t)w->padding_left * p->channels, all = (uint32_t)p->row_pixels * p->channels;
    if (y < 0 || y >= w->input_height) {
        fill_bytes(to, p->padding_value, all);
        return;
    }
    fill_bytes(to, p->padding_value, before);
    copy_bytes(to + before, input + (uint32_t)y * bytes, bytes);
    fill_bytes(to + before + bytes, p->padding_value, all - before - bytes);
}

#if HAS_MVE

typedef struct {
    int32x4_t bb, bt, tb, tt;
} depthwise_sums;

// Even lanes of products are in q5, odd ones in q4.
#define FIRST_TAP(place)                                                                                               \
    "vldrb.8 q4, [" place "]\n\t"                                                                                      \
    "vldrb.8 q6, [%[weights]], #16\n\t"                                                                                \
    "vmullb.s8 q5, q4, q6\n\t"                                                                                         \
    "vmullt.s8 q4, q4, q6\n\t"
#define SECOND_TAP(place)                                                                                              \
    "vldrb.8 q6, [" place "]\n\t"                                                                                      \
    "vldrb.8 q7, [%[weights]], #16\n\t"                                                                                \
    "vmullb.s8 q7, q6, q7\n\t"                                                                                         \
    "vadd.i16 q5, q5, q7\n\t"                                                                                          \
    "vldrb.8 q7, [%[weights], #-16]\n\t"                                                                               \
    "vmullt.s8 q6, q6, q7\n\t"                                                                                         \
    "vadd.i16 q4, q4, q6\n\t"
#define WIDEN                                                                                                          \
    "vmovlb.s16 q6, q5\n\t"                                                                                            \
    "vmovlt.s16 q5, q5\n\t"                                                                                            \
    "vadd.i32 q0, q0, q6\n\t"                                                                                          \
    "vmovlb.s16 q7, q4\n\t"                                                                                            \
    "vadd.i32 q1, q1, q5\n\t"                                                                                          \
    "vmovlt.s16 q4, q4\n\t"                                                                                            \
    "vadd.i32 q2, q2, q7\n\t"                                                                                          \
    "vadd.i32 q3, q3, q4\n\t"
#define NEXT(place) "add " place ", " place ", %[step]\n\t"

// The sums of one pixel, whose windows' rows start at `a`, `b` and `d`.
static inline depthwise_sums sum_of_taps(const int8_t *a, const int8_t *b, const int8_t *d, uint32_t step,
                                         const int8_t *weights, const mve_channels *channels) {
    register int32x4_t bb __asm__("q0") = vldrwq_s32(channels[0].bias);
    register int32x4_t bt __asm__("q1") = vldrwq_s32(channels[1].bias);
    register int32x4_t tb __asm__("q2") = vldrwq_s32(channels[2].bias);
    register int32x4_t tt __asm__("q3") = vldrwq_s32(channels[3].bias);
    __asm__ volatile(FIRST_TAP("%[a]") NEXT("%[a]") SECOND_TAP("%[a]") NEXT("%[a]") WIDEN             //
                         FIRST_TAP("%[a]") SECOND_TAP("%[b]") NEXT("%[b]") WIDEN                      //
                             FIRST_TAP("%[b]") NEXT("%[b]") SECOND_TAP("%[b]") WIDEN                  //
                                 FIRST_TAP("%[d]") NEXT("%[d]") SECOND_TAP("%[d]") NEXT("%[d]") WIDEN //
                                     FIRST_TAP("%[d]") WIDEN
                     : "+w"(bb), "+w"(bt), "+w"(tb),
                       "+w"(tt), [a] "+r"(a), [b] "+r"(b), [d] "+r"(d), [weights] "+r"(weights)
                     : [step] "r"(step)
                     : "q4", "q5", "q6", "q7", "memory");
    return (depthwise_sums){bb, bt, tb, tt};
}

static inline int32x4_t scaled(int32x4_t sums, const mve_channels *channels) {
    return scale_mve(sums, vldrwq_s32(channels->multiplier), vldrwq_s32(channels->shift));
}

// A row of outputs for up to sixteen channels from `c` on.
static inline void row_of_block(const depthwise_3x3_mve_parameters *p, const int8_t *const rows[ROWS], uint32_t c,
                                int8_t *output) {
    const int8_t *weights = p->weights + c * TAPS;
    const mve_channels *channels = p->scalings + c / 4;
    const uint32_t step = p->channels, stride = p->window.stride_x * step;
    const int8_t *a = rows[0] + c, *b = rows[1] + c, *d = rows[2] + c;
    const mve_pred16_t there = vctp8q(p->channels - c);
    for (uint32_t x = p->window.output_width; x > 0; x--) {
        const depthwise_sums s = sum_of_taps(a, b, d, step, weights, channels);
        const int16x8_t low = vdupq_n_s16(p->low), high = vdupq_n_s16(p->high);
        const int16x8_t even =
            output_mve(scaled(s.bb, &channels[0]), scaled(s.bt, &channels[1]), p->zero_point, low, high);
        const int16x8_t odd =
            output_mve(scaled(s.tb, &channels[2]), scaled(s.tt, &channels[3]), p->zero_point, low, high);
        vstrbq_p_s8(output, vmovntq_s16(vmovnbq_s16(vdupq_n_s8(0), even), odd), there);
        a += stride;
        b += stride;
        d += stride;
        output += step;
    }
}

#else

static inline void row_of_block(const depthwise_3x3_mve_parameters *p, const int8_t *const rows[ROWS], uint32_t c,
                                int8_t *output) {
    static const uint8_t record[4] = {0, 2, 1, 3}; // of the channels 4 * n, 4 * n + 1 ...
    for (uint32_t x = 0; x < p->window.output_width; x++) {
        for (uint32_t k = 0; k < LANES && c + k < p->channels; k++) {
            const mve_channels *channels = &p->scalings[c / 4 + record[k % 4]];
            int32_t sum = channels->bias[k / 4];
            for (uint32_t tap = 0; tap < TAPS; tap++) {
                const uint32_t pixel = x * p->window.stride_x + tap % 3;
                sum += p->weights[c * TAPS + tap * LANES + k] * rows[tap / 3][pixel * p->channels + c + k];
            }
            output[x * p->channels + k] =
                output_of_sum(sum, channels->multiplier[k / 4], channels->shift[k / 4], p->zero_point, p->low, p->high);
        }
    }
}

#endif

TINYDF_HOT void depthwise_3x3_mve(const depthwise_3x3_mve_parameters *p, const int8_t *input, int8_t *output,
                                  int8_t *scratch) {
    const window *w = &p->window;
    uint32_t next = 0; // row to be copied
    for (uint32_t y = 0; y < w->output_height; y++) {
        const uint32_t top = y * w->stride_y;
        for (next = next > top ? next : top; next < top + ROWS; next++) {
            copy_row(p, input, next, slot_of(p, scratch, next));
        }
        const int8_t *const rows[ROWS] = {slot_of(p, scratch, top), slot_of(p, scratch, top + 1),
                                          slot_of(p, scratch, top + 2)};
        for (uint32_t c = 0; c < p->channels; c += LANES) {
            row_of_block(p, rows, c, output + (size_t)y * w->output_width * p->channels + c);
        }
    }
}

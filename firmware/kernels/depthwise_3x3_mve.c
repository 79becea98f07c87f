// One channel at a time: its plane is copied out with its padding, so that the 3x5 inputs of three neighbouring outputs
// (of two, at stride 2) are fifteen lanes of one gathered load, which the weights of each output meet in one VMLADAV.
// The weights of three rows lie in 18 bytes,
//     0 0 w00 w01 w02   0 0 w10 w11 w12   0 0 w20 w21 w22   0 0 0
// so that those of the first output are read from the third byte on, of the next from the second (stride 1) ...
#include "mve.h"

#define WEIGHT_BYTES 18

static void copy_plane(const depthwise_3x3_mve_parameters *p, const int8_t *input, int8_t *plane) {
    const window *w = &p->window;
    int8_t *row = plane + w->padding_top * p->pitch + w->padding_left;
    for (uint32_t y = 0; y < w->input_height; y++) {
#if HAS_MVE
        const uint16x8_t places = vmulq_n_u16(vidupq_n_u16(0, 1), p->channels);
        for (int32_t x = 0; x < w->input_width; x += 8) {
            const mve_pred16_t there = vctp16q((uint32_t)(w->input_width - x));
            vstrbq_p_s16(row + x, vldrbq_gather_offset_z_s16(input + x * p->channels, places, there), there);
        }
#else
        for (uint32_t x = 0; x < w->input_width; x++) {
            row[x] = input[x * p->channels];
        }
#endif
        input += (uint32_t)w->input_width * p->channels;
        row += p->pitch;
    }
}

#if HAS_MVE

// The sums of a row of outputs, whose inputs start at `row`; by threes or twos, so that up to two more are written.
static inline void sum_row(const depthwise_3x3_mve_parameters *p, const int8_t *row, const int8_t *weights,
                           uint8x16_t places, int32_t *sums) {
    const int8x16_t last = vldrbq_s8(weights), middle = vldrbq_s8(weights + 1), first = vldrbq_s8(weights + 2);
    int32_t left = p->window.output_width;
    if (p->window.stride_x == 1) {
        for (; left > 0; left -= 3) {
            const int8x16_t inputs = vreinterpretq_s8_u8(vldrbq_gather_offset_u8((const uint8_t *)row, places));
            *sums++ = vmladavq_s8(inputs, first);
            *sums++ = vmladavq_s8(inputs, middle);
            *sums++ = vmladavq_s8(inputs, last);
            row += 3;
        }
    } else {
        for (; left > 0; left -= 2) {
            const int8x16_t inputs = vreinterpretq_s8_u8(vldrbq_gather_offset_u8((const uint8_t *)row, places));
            *sums++ = vmladavq_s8(inputs, first);
            *sums++ = vmladavq_s8(inputs, last);
            row += 4;
        }
    }
}

static inline void write_row(const depthwise_3x3_mve_parameters *p, uint32_t channel, const int32_t *sums,
                             int8_t *output) {
    const mve_channels *channels = &p->scalings[channel / 4];
    const uint32_t c = channel % 4;
    const int32x4_t multiplier = vdupq_n_s32(channels->multiplier[c]), shift = vdupq_n_s32(channels->shift[c]);
    const int32_t bias = channels->bias[c];
    const int32x4_t low = vdupq_n_s32(p->low), high = vdupq_n_s32(p->high);
    const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), p->channels);
    for (int32_t left = p->window.output_width; left > 0; left -= 4) {
        const int32x4_t scaled = scale_mve(vaddq_n_s32(vldrwq_s32(sums), bias), multiplier, shift);
        const int32x4_t outputs = vminq_s32(vmaxq_s32(vqaddq_n_s32(scaled, p->zero_point), low), high);
        vstrbq_scatter_offset_p_s32(output, places, outputs, vctp32q((uint32_t)left));
        sums += 4;
        output += 4 * p->channels;
    }
}

#else

static inline void write_plain(const depthwise_3x3_mve_parameters *p, uint32_t channel, const int8_t *row,
                               const int8_t *weights, int8_t *output) {
    const mve_channels *channels = &p->scalings[channel / 4];
    for (uint32_t x = 0; x < p->window.output_width; x++) {
        int32_t sum = channels->bias[channel % 4];
        for (uint32_t k = 0; k < 9; k++) {
            sum += weights[2 + k / 3 * 5 + k % 3] * row[x * p->window.stride_x + k / 3 * p->pitch + k % 3];
        }
        output[x * p->channels] = output_of_sum(sum, channels->multiplier[channel % 4], channels->shift[channel % 4],
                                                p->zero_point, p->low, p->high);
    }
}

#endif

TINYDF_HOT void depthwise_3x3_mve(const depthwise_3x3_mve_parameters *p, const int8_t *input, int8_t *output,
                                  int8_t *scratch) {
    const window *w = &p->window;
    int8_t *plane = scratch + p->sums_bytes;
    fill_bytes(plane, p->padding_value, p->plane_bytes);
#if HAS_MVE
    uint8_t lanes[16] = {0};
    for (uint32_t k = 0; k < 15; k++) {
        lanes[k] = (uint8_t)(k / 5 * p->pitch + k % 5);
    }
    const uint8x16_t places = vldrbq_u8(lanes);
    int32_t *sums = (int32_t *)(void *)scratch;
#endif
    for (uint32_t c = 0; c < p->channels; c++) {
        copy_plane(p, input + c, plane);
        for (uint32_t y = 0; y < w->output_height; y++) {
            const int8_t *row = plane + y * w->stride_y * p->pitch;
            int8_t *to = output + (size_t)y * w->output_width * p->channels + c;
#if HAS_MVE
            sum_row(p, row, p->weights + c * WEIGHT_BYTES, places, sums);
            write_row(p, c, sums, to);
#else
            write_plain(p, c, row, p->weights + c * WEIGHT_BYTES, to);
#endif
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "mve.h"

#if TDF_HAS_MVE

static inline void prelu_row(const tdf_prelu_mve_parameters *p, const int8_t *first, const int8_t *second,
                             int8_t *output) {
    const int32x4_t positive_shift = vdupq_n_s32(p->positive_shift), negative_shift = vdupq_n_s32(p->negative_shift);
    const int32x4_t positive_multiplier = vdupq_n_s32(p->positive_multiplier);
    const int32x4_t negative_multiplier = vdupq_n_s32(p->negative_multiplier);
    const int32x4_t low = vdupq_n_s32(INT8_MIN), high = vdupq_n_s32(INT8_MAX);
    for (int32_t left = (int32_t)p->channels; left > 0; left -= 4) {
        const mve_pred16_t there = vctp32q((uint32_t)left);
        const int32x4_t values = vaddq_n_s32(vldrbq_z_s32(first, there), p->first_offset);
        const int32x4_t slopes = vaddq_n_s32(vldrbq_z_s32(second, there), p->second_offset);
        const int32x4_t products = vshlq_r_s32(vmulq_s32(values, slopes), p->negative_left);
        const int32x4_t below = tdf_scale_mve(products, negative_multiplier, negative_shift);
        const int32x4_t above =
            tdf_scale_mve(vshlq_r_s32(values, p->positive_left), positive_multiplier, positive_shift);
        const int32x4_t chosen = vpselq_s32(above, below, vcmpgeq_n_s32(values, 0));
        const int32x4_t outputs = vminq_s32(vmaxq_s32(vaddq_n_s32(chosen, p->zero_point), low), high);
        vstrbq_p_s32(output, outputs, there);
        first += 4;
        second += 4;
        output += 4;
    }
}

#else

static inline void prelu_row(const tdf_prelu_mve_parameters *p, const int8_t *first, const int8_t *second,
                             int8_t *output) {
    for (uint32_t c = 0; c < p->channels; c++) {
        const int32_t value = first[c] + p->first_offset;
        const int32_t product = value * (second[c] + p->second_offset) * (1 << p->negative_left);
        const int32_t scaled =
            value >= 0 ? tdf_requantise(value * (1 << p->positive_left), p->positive_multiplier, p->positive_shift)
                       : tdf_requantise(product, p->negative_multiplier, p->negative_shift);
        output[c] = tdf_clamp(scaled + p->zero_point, INT8_MIN, INT8_MAX);
    }
}

#endif

TDF_HOT void tdf_prelu_mve(const tdf_prelu_mve_parameters *p, const int8_t *first, const int8_t *second,
                           int8_t *output) {
    for (uint32_t row = p->rows; row > 0; row--) {
        prelu_row(p, first, second, output);
        first += p->channels;
        output += p->channels;
    }
}

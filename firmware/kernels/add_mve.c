#include "mve.h"

// Both inputs are brought to a common scale with 20 more bits before they are added, as in add.c.
#define HEADROOM 20

#if HAS_MVE

static inline int32x4_t term(const int8_t *values, mve_pred16_t there, int32_t offset, int32x4_t multiplier,
                             int32x4_t shift) {
    const int32x4_t shifted = vshlq_n_s32(vaddq_n_s32(vldrbq_z_s32(values, there), offset), HEADROOM);
    return scale_mve(shifted, multiplier, shift);
}

TINYDF_HOT void add_mve(const add_parameters *p, const int8_t *first, const int8_t *second, int8_t *output) {
    const int32x4_t first_multiplier = vdupq_n_s32(p->first_multiplier), first_shift = vdupq_n_s32(p->first_shift);
    const int32x4_t second_multiplier = vdupq_n_s32(p->second_multiplier), second_shift = vdupq_n_s32(p->second_shift);
    const int32x4_t multiplier = vdupq_n_s32(p->multiplier), shift = vdupq_n_s32(p->shift);
    const int32_t sign = p->subtract ? -1 : 1;
    for (int32_t left = (int32_t)p->broadcast.shape[BROADCAST_RANK - 1]; left > 0; left -= 4) {
        const mve_pred16_t there = vctp32q((uint32_t)left);
        const int32x4_t a = term(first, there, p->first_offset, first_multiplier, first_shift);
        const int32x4_t b = term(second, there, p->second_offset, second_multiplier, second_shift);
        const int32x4_t sum = vqaddq_n_s32(scale_mve(vmlaq_n_s32(a, b, sign), multiplier, shift), p->zero_point);
        vstrbq_p_s32(output, vminq_s32(vmaxq_s32(sum, vdupq_n_s32(p->low)), vdupq_n_s32(p->high)), there);
        first += 4;
        second += 4;
        output += 4;
    }
}

#else

TINYDF_HOT void add_mve(const add_parameters *p, const int8_t *first, const int8_t *second, int8_t *output) {
    for (uint32_t i = 0; i < p->broadcast.shape[BROADCAST_RANK - 1]; i++) {
        const int32_t a =
            requantise((first[i] + p->first_offset) * (1 << HEADROOM), p->first_multiplier, p->first_shift);
        const int32_t b =
            requantise((second[i] + p->second_offset) * (1 << HEADROOM), p->second_multiplier, p->second_shift);
        output[i] = output_of_sum(p->subtract ? a - b : a + b, p->multiplier, p->shift, p->zero_point, p->low, p->high);
    }
}

#endif

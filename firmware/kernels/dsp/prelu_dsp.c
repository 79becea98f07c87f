/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

// A value times its factor as an output.
static inline int32_t side(const tdf_prelu_side *s, int32_t value) {
    return s->left ? tdf_smmlar(value, s->product.multiplier, s->product.offset) : tdf_scale(value, &s->product);
}

TDF_HOT void tdf_prelu_dsp(const tdf_prelu_dsp_parameters *p, const int8_t *first, const int8_t *second,
                           int8_t *output) {
    const tdf_prelu_side positive = p->positive, negative = p->negative;
    const int32_t channels = (int32_t)p->channels, offset = p->first_offset, factor = 1 << positive.left;
    for (int32_t c = 0; c < channels; c++) {
        const int32_t slope = (second[c] + p->second_offset) * (1 << negative.left);
        for (int32_t i = ((int32_t)p->rows - 1) * channels + c; i >= 0; i -= channels) {
            const int32_t value = first[i] + offset;
            output[i] =
                (int8_t)tdf_saturate_8(value >= 0 ? side(&positive, value * factor) : side(&negative, value * slope));
        }
    }
}

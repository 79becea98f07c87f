/* SPDX-License-Identifier: Apache-2.0 */
#include "broadcast.h"

static inline int8_t prelu_element(const tdf_prelu_parameters *p, int32_t a, int32_t slope) {
    const int32_t value = a + p->first_offset;
    const int32_t scaled =
        value >= 0 ? tdf_requantise(value, p->positive_multiplier, p->positive_shift)
                   : tdf_requantise(value * (slope + p->second_offset), p->negative_multiplier, p->negative_shift);
    return tdf_clamp(scaled + p->zero_point, INT8_MIN, INT8_MAX);
}

TDF_HOT void tdf_prelu(const tdf_prelu_parameters *p, const int8_t *first, const int8_t *second, int8_t *output) {
    TDF_BROADCAST_LOOP(&p->broadcast, first, second, output, prelu_element(p, *x, *y))
}

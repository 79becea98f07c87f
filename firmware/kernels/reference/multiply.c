/* SPDX-License-Identifier: Apache-2.0 */
#include "broadcast.h"

static inline int8_t multiply_element(const tdf_multiply_parameters *p, int32_t a, int32_t b) {
    const int32_t product = (a + p->first_offset) * (b + p->second_offset);
    return tdf_clamp(tdf_requantise(product, p->multiplier, p->shift) + p->zero_point, p->low, p->high);
}

TDF_HOT void tdf_multiply(const tdf_multiply_parameters *p, const int8_t *first, const int8_t *second, int8_t *output) {
    TDF_BROADCAST_LOOP(&p->broadcast, first, second, output, multiply_element(p, *x, *y))
}

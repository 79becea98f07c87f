/* SPDX-License-Identifier: Apache-2.0 */
#include "broadcast.h"

// Both inputs are brought to a common scale with 20 more bits before they are added.
#define HEADROOM 20

static inline int8_t add_element(const tdf_add_parameters *p, int32_t a, int32_t b) {
    const int32_t first = tdf_requantise((a + p->first_offset) * (1 << HEADROOM), p->first_multiplier, p->first_shift);
    const int32_t second =
        tdf_requantise((b + p->second_offset) * (1 << HEADROOM), p->second_multiplier, p->second_shift);
    const int32_t sum = p->subtract ? first - second : first + second;
    return tdf_clamp(tdf_requantise(sum, p->multiplier, p->shift) + p->zero_point, p->low, p->high);
}

TDF_HOT void tdf_add(const tdf_add_parameters *p, const int8_t *first, const int8_t *second, int8_t *output) {
    TDF_BROADCAST_LOOP(&p->broadcast, first, second, output, add_element(p, *x, *y))
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

static inline int32_t sum_of(const tdf_add_linear_parameters *p, int32_t first, int32_t second) {
    return (first * p->first_factor + (second * p->second_factor + p->offset)) >> p->shift;
}

// In the range of int8. The compiler is kept from writing the last three out one by one.
static inline void add_full(const tdf_add_linear_parameters *p, uint32_t count, const int8_t *first,
                            const int8_t *second, int8_t *output) {
    const tdf_add_linear_parameters here = *p;
    for (; count >= 4; count -= 4) {
        output[0] = (int8_t)tdf_saturate_8(sum_of(&here, first[0], second[0]));
        output[1] = (int8_t)tdf_saturate_8(sum_of(&here, first[1], second[1]));
        output[2] = (int8_t)tdf_saturate_8(sum_of(&here, first[2], second[2]));
        output[3] = (int8_t)tdf_saturate_8(sum_of(&here, first[3], second[3]));
        first += 4;
        second += 4;
        output += 4;
    }
#pragma GCC unroll 1
    for (uint32_t i = 0; i < count; i++) {
        output[i] = (int8_t)tdf_saturate_8(sum_of(&here, first[i], second[i]));
    }
}

// In the range of the activation.
static inline void add_held(const tdf_add_linear_parameters *p, uint32_t count, const int8_t *first,
                            const int8_t *second, int8_t *output) {
    const tdf_add_linear_parameters here = *p;
    for (uint32_t i = 0; i < count; i++) {
        output[i] = tdf_clamp(sum_of(&here, first[i], second[i]), here.low, here.high);
    }
}

TDF_HOT void tdf_add_linear_run(const tdf_add_linear_parameters *p, uint32_t count, const int8_t *first,
                                const int8_t *second, int8_t *output) {
    if (p->low == INT8_MIN && p->high == INT8_MAX) {
        add_full(p, count, first, second, output);
    } else {
        add_held(p, count, first, second, output);
    }
}

TDF_HOT void tdf_add_linear(const tdf_add_linear_parameters *p, const int8_t *first, const int8_t *second,
                            int8_t *output) {
    tdf_add_linear_run(p, p->count, first, second, output);
}

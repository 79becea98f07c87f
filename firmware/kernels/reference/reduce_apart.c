/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

static inline int32_t sum_of(const tdf_reduce_apart_parameters *p, const int8_t *input) {
    int32_t sum = -p->offset;
    for (uint32_t i = 0; i < p->middle[0]; i++) {
        for (uint32_t k = 0; k < p->middle[1]; k++) {
            sum += input[i * p->middle_strides[0] + k * p->middle_strides[1]];
        }
    }
    return sum;
}

TDF_HOT void tdf_reduce_apart(const tdf_reduce_apart_parameters *p, const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < p->outer[0]; i++) {
        for (uint32_t k = 0; k < p->outer[1]; k++) {
            const int32_t sum = sum_of(p, input + i * p->outer_strides[0] + k * p->outer_strides[1]);
            *output++ = tdf_clamp(tdf_requantise(sum, p->multiplier, p->shift) + p->zero_point, INT8_MIN, INT8_MAX);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sum_dsp.h"

static inline int8_t reduced(const tdf_reduce_parameters *p, int32_t sum) {
    return tdf_clamp(tdf_requantise(sum - p->offset, p->multiplier, p->shift) + p->zero_point, INT8_MIN, INT8_MAX);
}

TDF_HOT void tdf_reduce_dsp(const tdf_reduce_parameters *p, const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < p->outer; i++) {
        uint32_t k = 0;
        for (; k + 4 <= p->inner; k += 4) {
            int32_t sums[4] = {0, 0, 0, 0};
            tdf_sum_4(input + k, p->middle, p->inner, sums);
            for (uint32_t j = 0; j < 4; j++) {
                *output++ = reduced(p, sums[j]);
            }
        }
        for (; k < p->inner; k++) {
            int32_t sum = 0;
            for (uint32_t j = 0; j < p->middle; j++) {
                sum += input[j * p->inner + k];
            }
            *output++ = reduced(p, sum);
        }
        input += (size_t)p->middle * p->inner;
    }
}

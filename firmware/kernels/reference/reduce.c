/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

TDF_HOT void tdf_reduce(const tdf_reduce_parameters *p, const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < p->outer; i++) {
        for (uint32_t k = 0; k < p->inner; k++) {
            const int8_t *element = input + k;
            int32_t sum = -p->offset;
            for (uint32_t j = 0; j < p->middle; j++) {
                sum += *element;
                element += p->inner;
            }
            *output++ = tdf_clamp(tdf_requantise(sum, p->multiplier, p->shift) + p->zero_point, INT8_MIN, INT8_MAX);
        }
        input += (size_t)p->middle * p->inner;
    }
}

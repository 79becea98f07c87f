/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

TDF_HOT void tdf_gather(const tdf_gather_parameters *p, const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < p->outer; i++) {
        for (uint32_t j = 0; j < p->count; j++) {
            memcpy(output, input + (size_t)p->indices[j] * p->inner, p->inner);
            output += p->inner;
        }
        input += (size_t)p->input_runs * p->inner;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

TDF_HOT void tdf_pointwise(const tdf_pointwise_parameters *p, const int8_t *input, int8_t *output) {
    const tdf_requantisation *q = &p->requantisation;
    for (uint32_t i = 0; i < p->pixels; i++) {
        const int8_t *weights = p->weights;
        for (uint32_t c = 0; c < p->output_channels; c++) {
            int32_t sum = p->bias[c];
            for (uint32_t k = 0; k < p->input_channels; k++) {
                sum += *weights++ * input[k];
            }
            *output++ = tdf_clamp(tdf_requantise(sum, q->multiplier[c], q->shift[c]) + q->zero_point, q->low, q->high);
        }
        input += p->input_channels;
    }
}

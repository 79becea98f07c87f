/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_rv32.h"

// Four channels of one pixel at a time.
TDF_HOT void tdf_dot_pixel_rv32(const tdf_dot_rv32_parameters *p, uint32_t inputs, const int8_t *input,
                                int8_t *output) {
    const tdf_rv32_channel *q = p->channels;
    const int8_t *weights = p->weights;
    for (uint32_t c = 0; c < p->output_channels; c += TDF_RV32_CHANNELS) {
        int32_t s0 = q[0].bias, s1 = q[1].bias, s2 = q[2].bias, s3 = q[3].bias;
#pragma GCC unroll 4
        for (uint32_t k = 0; k < inputs; k++, weights += TDF_RV32_CHANNELS) {
            const int32_t value = input[k];
            s0 += value * weights[0];
            s1 += value * weights[1];
            s2 += value * weights[2];
            s3 += value * weights[3];
        }
        weights += TDF_RV32_CHANNELS * (p->inputs - inputs);
        const int32_t sums[TDF_RV32_CHANNELS] = {s0, s1, s2, s3};
        for (uint32_t j = 0; j < TDF_RV32_CHANNELS && c + j < p->output_channels; j++, q++) {
            const int32_t value = tdf_scale_by_rv32(sums[j], &q->scaling, p->rounding);
            output[c + j] = tdf_clamp(value, p->low, p->high);
        }
    }
}

TDF_HOT void tdf_dense_rv32(const tdf_dense_rv32_parameters *p, const int8_t *input, int8_t *output) {
    tdf_dot_pixel_rv32(&p->dot, p->inputs, input, output);
}

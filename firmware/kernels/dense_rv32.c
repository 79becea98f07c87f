#include "dot_rv32.h"

TINYDF_HOT void dense_rv32(const dense_rv32_parameters *p, const int8_t *input, int8_t *output) {
    const rv32_channel *q = p->dot.channels;
    const int8_t *weights = p->dot.weights;
    for (uint32_t c = 0; c < p->dot.output_channels; c += RV32_CHANNELS) {
        int32_t sums[RV32_CHANNELS];
        int32_t s0 = q[0].bias, s1 = q[1].bias, s2 = q[2].bias, s3 = q[3].bias;
#pragma GCC unroll 4
        for (uint32_t k = 0; k < p->inputs; k++, weights += RV32_CHANNELS) {
            const int32_t value = input[k];
            s0 += value * weights[0];
            s1 += value * weights[1];
            s2 += value * weights[2];
            s3 += value * weights[3];
        }
        weights += RV32_CHANNELS * (p->dot.inputs - p->inputs);
        sums[0] = s0;
        sums[1] = s1;
        sums[2] = s2;
        sums[3] = s3;
        for (uint32_t j = 0; j < RV32_CHANNELS && c + j < p->dot.output_channels; j++, q++) {
            const int32_t value = p->dot.any ? scale_any(sums[j], &q->scaling) : scale_rv32(sums[j], &q->scaling);
            output[c + j] = clamp(value, p->dot.low, p->dot.high);
        }
    }
}

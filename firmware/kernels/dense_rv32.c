#include "dot_rv32.h"

// Four channels of one pixel at a time.
TINYDF_HOT void dot_pixel_rv32(const dot_rv32_parameters *p, uint32_t inputs, const int8_t *input, int8_t *output) {
    const rv32_channel *q = p->channels;
    const int8_t *weights = p->weights;
    for (uint32_t c = 0; c < p->output_channels; c += RV32_CHANNELS) {
        int32_t s0 = q[0].bias, s1 = q[1].bias, s2 = q[2].bias, s3 = q[3].bias;
#pragma GCC unroll 4
        for (uint32_t k = 0; k < inputs; k++, weights += RV32_CHANNELS) {
            const int32_t value = input[k];
            s0 += value * weights[0];
            s1 += value * weights[1];
            s2 += value * weights[2];
            s3 += value * weights[3];
        }
        weights += RV32_CHANNELS * (p->inputs - inputs);
        const int32_t sums[RV32_CHANNELS] = {s0, s1, s2, s3};
        for (uint32_t j = 0; j < RV32_CHANNELS && c + j < p->output_channels; j++, q++) {
            const int32_t value = scale_by_rv32(sums[j], &q->scaling, p->rounding);
            output[c + j] = clamp(value, p->low, p->high);
        }
    }
}

TINYDF_HOT void dense_rv32(const dense_rv32_parameters *p, const int8_t *input, int8_t *output) {
    dot_pixel_rv32(&p->dot, p->inputs, input, output);
}

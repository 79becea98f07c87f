#include "dot_rv32.h"

TINYDF_HOT void pointwise_rv32(const pointwise_rv32_parameters *p, const int8_t *input, int8_t *output,
                               int8_t *scratch) {
    int32_t *columns = (int32_t *)(void *)scratch;
    const uint32_t rounds = (p->pixels + RV32_PIXELS - 1) / RV32_PIXELS;
    for (uint32_t round = 0; round < rounds; round++) {
        const uint32_t first = (p->backward ? rounds - 1 - round : round) * RV32_PIXELS;
        if (first + 1 == p->pixels) { // alone: three companions would cost more than they are worth
            memcpy(scratch, input + (size_t)first * p->input_channels, p->input_channels);
            dot_pixel_rv32(&p->dot, p->input_channels, scratch, output + (size_t)first * p->dot.output_channels);
            continue;
        }
        const int8_t *inputs[RV32_PIXELS];
        int8_t *outputs[RV32_PIXELS];
        for (uint32_t j = 0; j < RV32_PIXELS; j++) {
            const uint32_t i = first + j < p->pixels ? first + j : p->pixels - 1;
            inputs[j] = input + (size_t)i * p->input_channels;
            outputs[j] = output + (size_t)i * p->dot.output_channels;
        }
        pair_inputs(inputs, p->input_channels, columns);
        dot_rv32(&p->dot, columns, outputs);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_rv32.h"

TDF_HOT void tdf_pointwise_rv32(const tdf_pointwise_rv32_parameters *p, const int8_t *input, int8_t *output,
                                int8_t *scratch) {
    int32_t *columns = (int32_t *)(void *)scratch;
    const uint32_t rounds = (p->pixels + TDF_RV32_PIXELS - 1) / TDF_RV32_PIXELS;
    for (uint32_t round = 0; round < rounds; round++) {
        const uint32_t first = (p->backward ? rounds - 1 - round : round) * TDF_RV32_PIXELS;
        if (first + 1 == p->pixels) { // alone: three companions would cost more than they are worth
            memcpy(scratch, input + (size_t)first * p->input_channels, p->input_channels);
            tdf_dot_pixel_rv32(&p->dot, p->input_channels, scratch, output + (size_t)first * p->dot.output_channels);
            continue;
        }
        const int8_t *inputs[TDF_RV32_PIXELS];
        int8_t *outputs[TDF_RV32_PIXELS];
        for (uint32_t j = 0; j < TDF_RV32_PIXELS; j++) {
            const uint32_t i = first + j < p->pixels ? first + j : p->pixels - 1;
            inputs[j] = input + (size_t)i * p->input_channels;
            outputs[j] = output + (size_t)i * p->dot.output_channels;
        }
        tdf_pair_inputs(inputs, p->input_channels, columns);
        tdf_dot_rv32(&p->dot, columns, outputs);
    }
}

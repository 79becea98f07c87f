#include "dot_mve.h"

TINYDF_HOT void pointwise_mve(const pointwise_mve_parameters *p, const int8_t *input, int8_t *output, int8_t *scratch) {
    const uint32_t inputs = p->dot.inputs, outputs = p->dot.output_channels;
    const uint32_t rounds = (p->pixels + 1) / 2;
    int8_t *second = scratch + whole_groups(inputs);
    for (uint32_t round = 0; round < rounds; round++) {
        const uint32_t i = 2 * (p->backward ? rounds - 1 - round : round);
        const uint32_t other = i + 1 < p->pixels ? 1 : 0;
        const int8_t *a = input + (size_t)i * inputs, *b = a + other * inputs;
        int8_t *to = output + (size_t)i * outputs;
        if (inputs <= MVE_RESIDENT) {
            dot_mve(&p->dot, a, b, other * outputs, to);
        } else {
            // A copy, so that the output may lie where these inputs were.
            copy_bytes(scratch, a, inputs);
            copy_bytes(second, b, inputs);
            dot_mve(&p->dot, scratch, second, other * outputs, to);
        }
    }
}

#include "dot_mve.h"
#include "mve.h"

TINYDF_HOT void pointwise_mve(const pointwise_mve_parameters *p, const int8_t *input, int8_t *output, int8_t *scratch) {
    const uint32_t inputs = p->dot.inputs, outputs = p->dot.output_channels;
    const uint32_t rounds = (p->pixels + 1) / 2;
    for (uint32_t round = 0; round < rounds; round++) {
        const uint32_t i = 2 * (p->backward ? rounds - 1 - round : round);
        const uint32_t other = i + 1 < p->pixels ? 1 : 0;
        // A copy, so that the output may lie where these inputs were.
        copy_bytes(scratch, input + (size_t)i * inputs, (1 + other) * inputs);
        dot_mve(&p->dot, scratch, scratch + other * inputs, other * outputs, output + (size_t)i * outputs);
    }
}

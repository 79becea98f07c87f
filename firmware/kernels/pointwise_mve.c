#include "dot_mve.h"

// `count` pixels, one or two, from pixel `i` on; from a copy, so that the output may lie where these inputs were.
static inline void round_of(const pointwise_mve_parameters *p, uint32_t i, uint32_t count, const int8_t *input,
                            int8_t *output, int8_t *scratch) {
    const uint32_t inputs = p->dot.inputs, outputs = p->dot.output_channels;
    int8_t *second = count == 2 ? scratch + whole_groups(inputs) : scratch;
    copy_bytes(scratch, input + (size_t)i * inputs, inputs);
    copy_bytes(second, input + (size_t)(i + count - 1) * inputs, inputs);
    dot_mve(&p->dot, scratch, second, (count - 1) * outputs, output + (size_t)i * outputs);
}

static inline void all_pairs(const pointwise_mve_parameters *p, uint32_t pairs, const int8_t *input, int8_t *output,
                             int8_t *scratch) {
#if HAS_MVE
    if (pairs > 0 && p->dot.inputs <= MVE_RESIDENT && p->dot.output_channels % 4 == 0) {
        dot_pairs_mve(&p->dot, pairs, p->backward, input, output);
        return;
    }
#endif
    for (uint32_t k = 0; k < pairs; k++) {
        round_of(p, 2 * (p->backward ? pairs - 1 - k : k), 2, input, output, scratch);
    }
}

TINYDF_HOT void pointwise_mve(const pointwise_mve_parameters *p, const int8_t *input, int8_t *output, int8_t *scratch) {
    const uint32_t pairs = p->pixels / 2, odd = p->pixels % 2;
    if (odd && p->backward) {
        round_of(p, 2 * pairs, 1, input, output, scratch);
    }
    all_pairs(p, pairs, input, output, scratch);
    if (odd && !p->backward) {
        round_of(p, 2 * pairs, 1, input, output, scratch);
    }
}

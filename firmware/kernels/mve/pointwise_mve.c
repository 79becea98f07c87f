/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_mve.h"

// `count` pixels, one or two, from pixel `i` on; from a copy, so that the output may lie where these inputs were.
static inline void round_of(const tdf_pointwise_mve_parameters *p, uint32_t i, uint32_t count, const int8_t *input,
                            int8_t *output, int8_t *scratch) {
    const uint32_t inputs = p->dot.inputs, outputs = p->dot.output_channels;
    int8_t *second = count == 2 ? scratch + tdf_whole_groups(inputs) : scratch;
    tdf_copy_bytes(scratch, input + (size_t)i * inputs, inputs);
    tdf_copy_bytes(second, input + (size_t)(i + count - 1) * inputs, inputs);
    tdf_dot_mve(&p->dot, scratch, second, (count - 1) * outputs, output + (size_t)i * outputs);
}

static inline void all_pairs(const tdf_pointwise_mve_parameters *p, uint32_t pairs, const int8_t *input, int8_t *output,
                             int8_t *scratch) {
#if TDF_HAS_MVE
    if (pairs > 0 && p->dot.inputs <= TDF_MVE_RESIDENT && p->dot.output_channels % 4 == 0) {
        tdf_dot_pairs_mve(&p->dot, pairs, p->backward, input, output);
        return;
    }
#endif
    for (uint32_t k = 0; k < pairs; k++) {
        round_of(p, 2 * (p->backward ? pairs - 1 - k : k), 2, input, output, scratch);
    }
}

TDF_HOT void tdf_pointwise_mve(const tdf_pointwise_mve_parameters *p, const int8_t *input, int8_t *output,
                               int8_t *scratch) {
    const uint32_t pairs = p->pixels / 2, odd = p->pixels % 2;
    if (odd && p->backward) {
        round_of(p, 2 * pairs, 1, input, output, scratch);
    }
    all_pairs(p, pairs, input, output, scratch);
    if (odd && !p->backward) {
        round_of(p, 2 * pairs, 1, input, output, scratch);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_dsp.h"

TDF_HOT void tdf_pointwise_dsp(const tdf_pointwise_dsp_parameters *p, const int8_t *input, const int8_t *other,
                               int8_t *output, int8_t *scratch) {
    int32_t *pairs = (int32_t *)(void *)scratch;
    int8_t *sums = scratch + 24u * p->dot.groups;
    const uint32_t channels = p->input_channels;
    const uint32_t rounds = (p->pixels + TDF_DOT_PIXELS - 1) / TDF_DOT_PIXELS;
    for (uint32_t round = 0; round < rounds; round++) {
        const uint32_t i = (p->backward ? rounds - 1 - round : round) * TDF_DOT_PIXELS;
        const uint32_t count = p->pixels - i < TDF_DOT_PIXELS ? p->pixels - i : TDF_DOT_PIXELS;
        const int8_t *a = input + (size_t)i * channels;
        const int8_t *b = count > 1 ? a + channels : a;
        const int8_t *c = count > 2 ? b + channels : b;
        const size_t at = (size_t)i * p->dot.output_channels;
        tdf_unpack_run(a, b, c, channels, pairs);
        tdf_dot_and_add(&p->dot, p->sum, pairs, count, other, at, output, sums);
    }
}

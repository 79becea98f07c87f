// Weights of four channels (c0 ... c3) are packed by groups of four inputs (k0 ... k3), 16 bytes a group, so that
// SXTB16 unpacks each word into the pairs that SMLAD wants:
//     c0k0 c1k0 c0k2 c1k2   c2k0 c3k0 c2k2 c3k2   c0k1 c1k1 c0k3 c1k3   c2k1 c3k1 c2k3 c3k3
#include "kernels.h"

// Four inputs of the pixel times four channels.
static inline void dense_group(int32_t inputs, const int8_t *weights, int32_t *sums) {
    const int32_t even = even_bytes(inputs), odd = odd_bytes(inputs);
    const int32_t first = load_word(weights), second = load_word(weights + 4);
    const int32_t third = load_word(weights + 8), fourth = load_word(weights + 12);
    sums[0] = smlad(even, even_bytes(first), sums[0]);
    sums[1] = smlad(even, odd_bytes(first), sums[1]);
    sums[2] = smlad(even, even_bytes(second), sums[2]);
    sums[3] = smlad(even, odd_bytes(second), sums[3]);
    sums[0] = smlad(odd, even_bytes(third), sums[0]);
    sums[1] = smlad(odd, odd_bytes(third), sums[1]);
    sums[2] = smlad(odd, even_bytes(fourth), sums[2]);
    sums[3] = smlad(odd, odd_bytes(fourth), sums[3]);
}

static inline int8_t dense_output(const dot_parameters *p, int32_t sum, const scaling *s) {
    return p->exact ? (int8_t)saturate_8(scale(sum, s)) : clamp(scale_any(sum, s), p->low, p->high);
}

TINYDF_HOT void dense_dsp(const dot_parameters *p, const int8_t *input, int8_t *output) {
    const int8_t *weights = p->weights;
    const dsp_channels *channels = p->channels;
    const uint32_t whole = p->inputs / 4, rest = p->inputs % 4;
    for (uint32_t c = 0; c < p->output_channels; c += 4) {
        int32_t sums[4] = {channels[0].bias[0], channels[0].bias[1], channels[1].bias[0], channels[1].bias[1]};
        for (uint32_t group = 0; group < whole; group++) {
            dense_group(load_word(input + 4 * group), weights, sums);
            weights += 16;
        }
        if (rest != 0) {
            dense_group(load_tail(input + 4 * whole, rest), weights, sums);
            weights += 16;
        }
        for (uint32_t j = 0; j < 4 && c + j < p->output_channels; j++) {
            output[c + j] = dense_output(p, sums[j], &channels[j / 2].scaling[j % 2]);
        }
        channels += 2;
    }
}

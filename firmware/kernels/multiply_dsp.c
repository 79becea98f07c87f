#include "kernels.h"

// One channel; whether the range is `full` (that of int8), and then whether products are shifted to the `left`, is
// known when this is compiled.
static inline void multiply_channel(const multiply_dsp_parameters *p, uint32_t full, uint32_t left, const int8_t *first,
                                    int32_t factor, int8_t *output) {
    const scaling product = p->product;
    const int32_t channels = (int32_t)p->channels, offset = factor * p->first_offset;
    for (int32_t i = ((int32_t)p->rows - 1) * channels; i >= 0; i -= channels) {
        const int32_t value = first[i] * factor + offset;
        const int32_t scaled = left ? smmlar(value, product.multiplier, product.offset) : scale(value, &product);
        output[i] = full ? (int8_t)saturate_8(scaled) : clamp(scaled, p->low, p->high);
    }
}

TINYDF_HOT void multiply_dsp(const multiply_dsp_parameters *p, const int8_t *first, const int8_t *second,
                             int8_t *output) {
    const uint32_t full = p->low == INT8_MIN && p->high == INT8_MAX;
    for (uint32_t c = 0; c < p->channels; c++) {
        const int32_t factor = (second[c] + p->second_offset) * (1 << p->left);
        if (full && p->left == 0) {
            multiply_channel(p, 1, 0, first + c, factor, output + c);
        } else if (full) {
            multiply_channel(p, 1, 1, first + c, factor, output + c);
        } else {
            multiply_channel(p, 0, p->left, first + c, factor, output + c);
        }
    }
}

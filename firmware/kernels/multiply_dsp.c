#include "kernels.h"

// One channel, for one way of rounding, which is known when this is compiled.
static inline void multiply_channel(const multiply_dsp_parameters *p, uint32_t rounding, const int8_t *first,
                                    int32_t factor, int8_t *output) {
    const scaling product = p->product;
    const uint32_t channels = p->channels;
    const int32_t offset = factor * p->first_offset;
    for (uint32_t row = p->rows; row > 0; row--) {
        const int32_t scaled = scale(*first * factor + offset, &product);
        *output = rounding == SCALING_SIGNED ? (int8_t)saturate_8(scaled) : clamp(scaled, p->low, p->high);
        first += channels;
        output += channels;
    }
}

TINYDF_HOT void multiply_dsp(const multiply_dsp_parameters *p, const int8_t *first, const int8_t *second,
                             int8_t *output) {
    const uint32_t full = p->low == INT8_MIN && p->high == INT8_MAX;
    for (uint32_t c = 0; c < p->channels; c++) {
        const int32_t factor = second[c] + p->second_offset;
        if (full) {
            multiply_channel(p, SCALING_SIGNED, first + c, factor, output + c);
        } else {
            multiply_channel(p, SCALING_ANY, first + c, factor, output + c);
        }
    }
}

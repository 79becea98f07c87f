#include "kernels.h"

// The loop for one way of rounding, which is known when this is compiled.
static inline void add_all(const add_dsp_parameters *p, uint32_t rounding, const int8_t *first, const int8_t *second,
                           int8_t *output) {
    const scaling second_scaling = p->second, sum_scaling = p->sum;
    const int32_t first_offset = p->first_offset, second_offset = p->second_offset;
    const int8_t *end = output + p->count;
    while (output < end) {
        const int32_t a = first_offset + *first++ * (1 << 19);
        const int32_t b = scale(second_offset + *second++ * (1 << 20), &second_scaling);
        *output++ = rounding == SCALING_SIGNED ? (int8_t)saturate_8(scale(a + b, &sum_scaling))
                                               : clamp(scale(a + b, &sum_scaling), p->low, p->high);
    }
}

TINYDF_HOT void add_dsp(const add_dsp_parameters *p, const int8_t *first, const int8_t *second, int8_t *output) {
    if (p->low == INT8_MIN && p->high == INT8_MAX) {
        add_all(p, SCALING_SIGNED, first, second, output);
    } else {
        add_all(p, SCALING_ANY, first, second, output);
    }
}

#include "kernels.h"

TINYDF_HOT void add_dsp(const add_dsp_parameters *p, const int8_t *first, const int8_t *second, int8_t *output) {
    const scaling second_scaling = p->second, sum_scaling = p->sum;
    const int32_t first_offset = p->first_offset, second_offset = p->second_offset, low = p->low, high = p->high;
    for (uint32_t i = p->count; i > 0; i--) {
        const int32_t a = first_offset + *first++ * (1 << 19);
        const int32_t b = scale(second_offset + *second++ * (1 << 20), &second_scaling);
        *output++ = clamp(scale(a + b, &sum_scaling), low, high);
    }
}

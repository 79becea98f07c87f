#include "kernels.h"

// The loop, which knows when it is compiled whether the range is that of int8.
static inline void add_all(const add_dsp_parameters *p, uint32_t count, uint32_t full, const int8_t *first,
                           const int8_t *second, int8_t *output) {
    const scaling second_scaling = p->second, sum_scaling = p->sum;
    const int32_t first_offset = p->first_offset, second_offset = p->second_offset;
    const int8_t *end = output + count;
    while (output < end) {
        const int32_t a = first_offset + *first++ * (1 << 19);
        const int32_t b = scale(second_offset + *second++ * (1 << 20), &second_scaling);
        const int32_t sum = scale(a + b, &sum_scaling);
        *output++ = full ? (int8_t)saturate_8(sum) : clamp(sum, p->low, p->high);
    }
}

TINYDF_HOT void add_run_dsp(const add_dsp_parameters *p, uint32_t count, const int8_t *first, const int8_t *second,
                            int8_t *output) {
    if (p->low == INT8_MIN && p->high == INT8_MAX) {
        add_all(p, count, 1, first, second, output);
    } else {
        add_all(p, count, 0, first, second, output);
    }
}

TINYDF_HOT void add_dsp(const add_dsp_parameters *p, const int8_t *first, const int8_t *second, int8_t *output) {
    add_run_dsp(p, p->count, first, second, output);
}

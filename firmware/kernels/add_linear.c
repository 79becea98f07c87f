#include "kernels.h"

// The loop, which knows when it is compiled whether the range is that of int8.
static inline void add_all(const add_linear_parameters *p, uint32_t count, uint32_t full, const int8_t *first,
                           const int8_t *second, int8_t *output) {
    const int32_t first_factor = p->first_factor, second_factor = p->second_factor, offset = p->offset;
    const int32_t shift = p->shift;
#define ADD(at)                                                                                                        \
    do {                                                                                                               \
        const int32_t sum = (first[at] * first_factor + (second[at] * second_factor + offset)) >> shift;               \
        output[at] = full ? (int8_t)saturate_8(sum) : clamp(sum, p->low, p->high);                                     \
    } while (0)
    for (; count >= 4; count -= 4) {
        ADD(0);
        ADD(1);
        ADD(2);
        ADD(3);
        first += 4;
        second += 4;
        output += 4;
    }
    for (; count > 0; count--) {
        ADD(0);
        first++;
        second++;
        output++;
    }
#undef ADD
}

TINYDF_HOT void add_linear_run(const add_linear_parameters *p, uint32_t count, const int8_t *first,
                               const int8_t *second, int8_t *output) {
    if (p->low == INT8_MIN && p->high == INT8_MAX) {
        add_all(p, count, 1, first, second, output);
    } else {
        add_all(p, count, 0, first, second, output);
    }
}

TINYDF_HOT void add_linear(const add_linear_parameters *p, const int8_t *first, const int8_t *second, int8_t *output) {
    add_linear_run(p, p->count, first, second, output);
}

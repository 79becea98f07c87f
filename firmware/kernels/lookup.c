#include "kernels.h"

TINYDF_HOT void lookup(const lookup_parameters *p, const int8_t *input, int8_t *output) {
    const int8_t *zero = p->table + 128;
    for (uint32_t i = 0; i < p->count; i++) {
        output[i] = zero[input[i]];
    }
}

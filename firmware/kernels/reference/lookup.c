/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

TDF_HOT void tdf_lookup(const tdf_lookup_parameters *p, const int8_t *input, int8_t *output) {
    const int8_t *table = p->table;
    uint32_t i = 0;
    for (; i + 4 <= p->count; i += 4) {
        const uint32_t word = (uint32_t)tdf_load_word(input + i);
        output[i] = table[word & 0xff];
        output[i + 1] = table[word >> 8 & 0xff];
        output[i + 2] = table[word >> 16 & 0xff];
        output[i + 3] = table[word >> 24];
    }
    for (; i < p->count; i++) {
        output[i] = table[(uint8_t)input[i]];
    }
}

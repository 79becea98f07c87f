/* SPDX-License-Identifier: Apache-2.0 */
#include "lookup_by_four.h"

TDF_HOT void tdf_lookup_by_four(const tdf_lookup_by_four_parameters *p, const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < p->words; i++, input += 4, output += 4) {
        output[0] = p->table[(uint8_t)input[0]];
        output[1] = p->table[(uint8_t)input[1]];
        output[2] = p->table[(uint8_t)input[2]];
        output[3] = p->table[(uint8_t)input[3]];
    }
    for (uint32_t i = 0; i < p->rest; i++) {
        output[i] = p->table[(uint8_t)input[i]];
    }
}

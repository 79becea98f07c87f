/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

// With the bits of all inputs and outputs inverted, a maximum becomes a minimum.
static inline void extremum_all(uint32_t count, int32_t mask, const int8_t *first, const int8_t *second,
                                int8_t *output) {
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const int32_t word = tdf_maximum_4(tdf_load_word(first + i) ^ mask, tdf_load_word(second + i) ^ mask) ^ mask;
        memcpy(output + i, &word, sizeof word);
    }
    for (; i < count; i++) {
        output[i] = (int8_t)(tdf_max(first[i] ^ mask, second[i] ^ mask) ^ mask);
    }
}

TDF_HOT void tdf_extremum_dsp(const tdf_extremum_dsp_parameters *p, const int8_t *first, const int8_t *second,
                              int8_t *output) {
    extremum_all(p->count, p->minimum ? -1 : 0, first, second, output);
}

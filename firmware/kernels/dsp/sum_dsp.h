/* SPDX-License-Identifier: Apache-2.0 */
// Sums of four channels at a time, for the DSP extension.
#ifndef TINYDF_SUM_DSP_H
#define TINYDF_SUM_DSP_H

#include "kernels.h"

// As many values of 8 bits as a sum of 16 bits holds.
#define TDF_SUM_BLOCK 255

// Adds `count` words, `pitch` bytes apart, to the sums of their four bytes.
static inline void tdf_sum_4(const int8_t *element, uint32_t count, uint32_t pitch, int32_t sums[4]) {
    while (count > 0) {
        const uint32_t block = count < TDF_SUM_BLOCK ? count : TDF_SUM_BLOCK;
        int32_t even = 0, odd = 0;
        for (uint32_t j = block; j > 0; j--) {
            const int32_t word = tdf_load_word(element);
            even = tdf_add_even_bytes(even, word);
            odd = tdf_add_odd_bytes(odd, word);
            element += pitch;
        }
        sums[0] += tdf_low_half(even);
        sums[1] += tdf_low_half(odd);
        sums[2] += tdf_high_half(even);
        sums[3] += tdf_high_half(odd);
        count -= block;
    }
}

#endif

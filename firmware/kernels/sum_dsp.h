// Sums of four channels at a time, for the DSP extension.
#ifndef TINYDF_SUM_DSP_H
#define TINYDF_SUM_DSP_H

#include "kernels.h"

// As many values of 8 bits as a sum of 16 bits holds.
#define SUM_BLOCK 255

// Adds `count` words, `pitch` bytes apart, to the sums of their four bytes.
static inline void sum_4(const int8_t *element, uint32_t count, uint32_t pitch, int32_t sums[4]) {
    while (count > 0) {
        const uint32_t block = count < SUM_BLOCK ? count : SUM_BLOCK;
        int32_t even = 0, odd = 0;
        for (uint32_t j = block; j > 0; j--) {
            const int32_t word = load_word(element);
            even = add_even_bytes(even, word);
            odd = add_odd_bytes(odd, word);
            element += pitch;
        }
        sums[0] += low_half(even);
        sums[1] += low_half(odd);
        sums[2] += high_half(even);
        sums[3] += high_half(odd);
        count -= block;
    }
}

#endif

#include "kernels.h"

// As many values of 8 bits as a sum of 16 bits holds.
#define BLOCK 255

static inline int8_t reduced(const reduce_parameters *p, int32_t sum) {
    return clamp(requantise(sum - p->offset, p->multiplier, p->shift) + p->zero_point, INT8_MIN, INT8_MAX);
}

// Sums of four neighbours of the inner axis.
static inline void sum_4(const int8_t *element, uint32_t count, uint32_t pitch, int32_t sums[4]) {
    while (count > 0) {
        const uint32_t block = count < BLOCK ? count : BLOCK;
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

TINYDF_HOT void reduce_dsp(const reduce_parameters *p, const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < p->outer; i++) {
        uint32_t k = 0;
        for (; k + 4 <= p->inner; k += 4) {
            int32_t sums[4] = {0, 0, 0, 0};
            sum_4(input + k, p->middle, p->inner, sums);
            for (uint32_t j = 0; j < 4; j++) {
                *output++ = reduced(p, sums[j]);
            }
        }
        for (; k < p->inner; k++) {
            int32_t sum = 0;
            for (uint32_t j = 0; j < p->middle; j++) {
                sum += input[j * p->inner + k];
            }
            *output++ = reduced(p, sum);
        }
        input += (size_t)p->middle * p->inner;
    }
}

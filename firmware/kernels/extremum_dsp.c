#include "kernels.h"

// Four elements of two tensors of one shape.
static inline int32_t larger_4(int32_t first, int32_t second) {
#if HAS_DSP
    int32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(first), "r"(second) : "cc");
    return result;
#else
    uint32_t result = 0;
    for (uint32_t shift = 0; shift < 32; shift += 8) {
        const int32_t a = (int8_t)(uint8_t)((uint32_t)first >> shift), b = (int8_t)(uint8_t)((uint32_t)second >> shift);
        result |= (uint32_t)(uint8_t)maximum(a, b) << shift;
    }
    return (int32_t)result;
#endif
}

// With the bits of all inputs and outputs inverted, the larger becomes the smaller.
static inline void extremum_all(uint32_t count, int32_t mask, const int8_t *first, const int8_t *second,
                                int8_t *output) {
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const int32_t word = larger_4(load_word(first + i) ^ mask, load_word(second + i) ^ mask) ^ mask;
        memcpy(output + i, &word, sizeof word);
    }
    for (; i < count; i++) {
        output[i] = (int8_t)(maximum(first[i] ^ mask, second[i] ^ mask) ^ mask);
    }
}

TINYDF_HOT void extremum_dsp(const extremum_dsp_parameters *p, const int8_t *first, const int8_t *second,
                             int8_t *output) {
    extremum_all(p->count, p->smaller ? -1 : 0, first, second, output);
}

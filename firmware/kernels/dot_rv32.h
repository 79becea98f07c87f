// The heart of the convolutions for RV32IM, which has one product an instruction and 31 registers: four output channels
// of four pixels at a time, so that a load serves four products.
//
// The inputs of four pixels (a, b, c, d) are interleaved beforehand, and so are the weights of four channels:
//     a0 b0 c0 d0  a1 b1 c1 d1 ...     w00 w10 w20 w30  w01 w11 w21 w31 ...
// Per 16 products that makes eight LB, sixteen MUL and sixteen ADD. (Packing two products into one MUL does not pay:
// they have to be taken apart again before a third is added to either.)
#ifndef TINYDF_DOT_RV32_H
#define TINYDF_DOT_RV32_H

#include <stdbool.h>

#include "kernels.h"

#define RV32_PIXELS   4
#define RV32_CHANNELS 4

// Interleaves `count` inputs of each pixel; gives where the next ones go.
static inline int8_t *interleave(const int8_t *const *pixels, uint32_t count, int8_t *columns) {
    const int8_t *a = pixels[0], *b = pixels[1], *c = pixels[2], *d = pixels[3];
    for (const int8_t *end = a + count; a != end; columns += RV32_PIXELS) {
        columns[0] = *a++;
        columns[1] = *b++;
        columns[2] = *c++;
        columns[3] = *d++;
    }
    return columns;
}

// All output channels of four pixels, from their interleaved inputs. Where there are fewer than four, the last stands
// in for the others, inputs and outputs alike.
void dot_rv32(const dot_rv32_parameters *p, const int8_t *columns, int8_t *const *outputs);

// requantise(sum) + zero point for a shift of at least 1: dsp.h's `scale`, by MULHSU.
static inline int32_t scale_rv32(int32_t sum, const scaling *s) {
    const uint64_t product = (uint64_t)((int64_t)sum * (int64_t)(uint32_t)s->multiplier);
    const int32_t high = (int32_t)((uint32_t)(product >> 32) + ((uint32_t)product >> 31));
    return (high + (sum >> 31) + s->offset) >> s->shift;
}

#endif

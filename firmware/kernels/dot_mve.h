// The heart of the MVE convolutions: four output channels of two pixels at a time, sixteen products an instruction.
//
// A pixel's inputs lie side by side. Weights of four channels are packed by groups of sixteen inputs, 64 bytes a group:
// sixteen of the first channel, of the second, and so on; zeros fill the last group.
// Per 128 products that makes six loads, eight VMLADAVA and two for the loop.
#ifndef TINYDF_DOT_MVE_H
#define TINYDF_DOT_MVE_H

#include "kernels.h"

// All output channels of the pixels whose inputs are `a` and `b`; b's outputs come `pitch` bytes after a's. Where there
// is but one pixel, `b` is `a` and `pitch` is 0.
void dot_mve(const dot_mve_parameters *p, const int8_t *a, const int8_t *b, uint32_t pitch, int8_t *output);

#endif

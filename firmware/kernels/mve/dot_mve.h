/* SPDX-License-Identifier: Apache-2.0 */
// The heart of the MVE convolutions: four output channels of two pixels at a time, sixteen products an instruction.
//
// A pixel's inputs lie side by side. What a block of four channels needs lies in the order in which it is read: for
// each group of sixteen inputs, sixteen weights of the first channel, of the second, and so on, with zeros in the last
// group; then the four biases, multipliers and shifts (`tdf_mve_channels`).
#ifndef TINYDF_DOT_MVE_H
#define TINYDF_DOT_MVE_H

#include "mve.h"

#define TDF_MVE_LANES 16u
// As many inputs of two pixels as stay in registers; where there are more, they are read anew for each block.
#define TDF_MVE_RESIDENT (TDF_HAS_MVE ? 2 * TDF_MVE_LANES : 0)

// All output channels of the pixels whose inputs are `a` and `b`; b's outputs come `pitch` bytes after a's. Where there
// is but one pixel, `b` is `a` and `pitch` is 0. Up to TDF_MVE_RESIDENT inputs are read before anything is
// written; where there are more, whole groups are read, and the output may not lie upon them.
void tdf_dot_mve(const tdf_dot_mve_parameters *p, const int8_t *a, const int8_t *b, uint32_t pitch, int8_t *output);

#if TDF_HAS_MVE
// The same for `pairs` pairs of pixels that follow each other, from the last to the first if `backward`. There is at
// least one, at most TDF_MVE_RESIDENT inputs, and a multiple of four output channels.
void tdf_dot_pairs_mve(const tdf_dot_mve_parameters *p, uint32_t pairs, uint32_t backward, const int8_t *input,
                       int8_t *output);
#endif

// Inputs rounded up to whole groups.
static inline uint32_t tdf_whole_groups(uint32_t inputs) {
    return (inputs + TDF_MVE_LANES - 1) / TDF_MVE_LANES * TDF_MVE_LANES;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
// The heart of the DSP convolutions: two output channels of three pixels at a time, two products an instruction.
//
// A pixel's inputs come in runs of neighbouring bytes (one for a 1x1 kernel, one a kernel row otherwise). A run is read
// four bytes at a time; where its length is not a multiple of 4, its last four bytes are read for the rest, and the
// weights of those read twice are 0. Weights of two channels (c0, c1) are packed by such groups of four (k0 ... k3), 8
// bytes a group, so that SXTB16 unpacks each word into the pairs that SMLAD wants:
//     c0k0 c1k0 c0k2 c1k2   c0k1 c1k1 c0k3 c1k3
// The inputs of three pixels (a, b, c) are unpacked beforehand, 24 bytes a group:
//     a(k0,k2) b(k0,k2) c(k0,k2)   a(k1,k3) b(k1,k3) c(k1,k3)
// Per 12 products that makes one LDM, one LDR, two SXTB16 and six SMLAD.
#ifndef TINYDF_DOT_DSP_H
#define TINYDF_DOT_DSP_H

#include "kernels.h"

#define TDF_DOT_PIXELS 3

// Unpacks a run of `count` inputs of each pixel; gives where the next run goes.
int32_t *tdf_unpack_run(const int8_t *a, const int8_t *b, const int8_t *c, uint32_t count, int32_t *pairs);

// All output channels of `pixels` neighbouring pixels, whose inputs are unpacked in `pairs`. Where there are fewer
// than three, the last is in `pairs` more than once.
void tdf_dot_pixels(const tdf_dot_parameters *p, const int32_t *pairs, uint32_t pixels, int8_t *output);

// The same for pixels that lie `at` bytes into `output`, added to `other` if `sum` is not NULL; `scratch` holds three
// pixels of output.
static inline void tdf_dot_and_add(const tdf_dot_parameters *p, const tdf_fused_add *sum, const int32_t *pairs,
                                   uint32_t pixels, const int8_t *other, size_t at, int8_t *output, int8_t *scratch) {
    if (sum == NULL) {
        tdf_dot_pixels(p, pairs, pixels, output + at);
        return;
    }
    tdf_dot_pixels(p, pairs, pixels, scratch);
    sum->run(&sum->add, pixels * p->output_channels, sum->swap ? other + at : scratch, sum->swap ? scratch : other + at,
             output + at);
}

#endif

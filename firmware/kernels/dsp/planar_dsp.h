/* SPDX-License-Identifier: Apache-2.0 */
// Rows of an image of which four channels are unpacked, channel by channel, to halves of words: two neighbours of one
// channel share a word. For the depthwise kernels of the DSP extension.
#ifndef TINYDF_PLANAR_DSP_H
#define TINYDF_PLANAR_DSP_H

#include "kernels.h"

#define TDF_PLANAR_CHANNELS 4

// A row of four channels is [TDF_PLANAR_CHANNELS][words] words.
typedef struct {
    uint32_t width;        // of the image, in pixels
    uint32_t pitch;        // bytes of a pixel
    uint32_t padding_left; // pixels
    uint32_t words;        // of one channel of a row, padding included
    uint32_t lanes;        // channels that there are, up to four
    int32_t padding_value;
} tdf_planar;

// Fills `count` rows with padding.
void tdf_planar_fill(const tdf_planar *p, int32_t *rows, uint32_t count);

// Unpacks one row of the image; words that hold nothing but padding must be there already.
void tdf_planar_unpack(const tdf_planar *p, const int8_t *pixels, int32_t *row);

#endif

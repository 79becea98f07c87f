/* SPDX-License-Identifier: Apache-2.0 */
#include "planar_dsp.h"

TDF_HOT void tdf_planar_fill(const tdf_planar *p, int32_t *rows, uint32_t count) {
    const int32_t padding = (int32_t)(((uint32_t)p->padding_value & 0xffffu) * 0x10001u);
    for (uint32_t k = count * TDF_PLANAR_CHANNELS * p->words; k > 0; k--) {
        *rows++ = padding;
    }
}

static inline int32_t load_pixel(const int8_t *pixel, uint32_t lanes) {
    return lanes == TDF_PLANAR_CHANNELS ? tdf_load_word(pixel) : tdf_load_tail(pixel, lanes);
}

// Two neighbouring pixels of four channels.
static inline void store_pair(int32_t first, int32_t second, int32_t *const to[TDF_PLANAR_CHANNELS], uint32_t at) {
    const int32_t even = tdf_even_bytes(first), odd = tdf_odd_bytes(first);
    const int32_t next_even = tdf_even_bytes(second), next_odd = tdf_odd_bytes(second);
    to[0][at] = tdf_pack_low(even, next_even);
    to[1][at] = tdf_pack_low(odd, next_odd);
    to[2][at] = tdf_pack_high(even, next_even);
    to[3][at] = tdf_pack_high(odd, next_odd);
}

// `lanes` may be known when this is compiled. An odd padding ends in the middle of a word.
static inline void unpack_pixels(const tdf_planar *p, uint32_t lanes, const int8_t *pixels,
                                 int32_t *const to[TDF_PLANAR_CHANNELS]) {
    const int32_t padding = (int32_t)((uint8_t)p->padding_value * 0x01010101u);
    const uint32_t words = p->words, pitch = p->pitch;
    uint32_t at = p->padding_left / 2, count = p->width;
    if (p->padding_left % 2 != 0) {
        store_pair(padding, load_pixel(pixels, lanes), to, at++);
        pixels += pitch;
        count--;
    }
    const uint32_t end = at + count / 2 < words ? at + count / 2 : words;
    for (; at < end; at++) {
        store_pair(load_pixel(pixels, lanes), load_pixel(pixels + pitch, lanes), to, at);
        pixels += 2 * pitch;
    }
    if (count % 2 != 0 && at < words) {
        store_pair(load_pixel(pixels, lanes), padding, to, at);
    }
}

TDF_HOT void tdf_planar_unpack(const tdf_planar *p, const int8_t *pixels, int32_t *row) {
    int32_t *const to[TDF_PLANAR_CHANNELS] = {row, row + p->words, row + 2 * p->words, row + 3 * p->words};
    if (p->lanes == TDF_PLANAR_CHANNELS) {
        unpack_pixels(p, TDF_PLANAR_CHANNELS, pixels, to);
    } else {
        unpack_pixels(p, p->lanes, pixels, to);
    }
}

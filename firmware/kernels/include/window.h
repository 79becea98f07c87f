/* SPDX-License-Identifier: Apache-2.0 */
// Walking a window over an image.
#ifndef TINYDF_WINDOW_H
#define TINYDF_WINDOW_H

#include "kernels.h"

// The pixel [channels] at (y, x), or `outside` if that is not within the image.
static inline const int8_t *tdf_pixel_or(const tdf_window *window, const int8_t *input, int32_t y, int32_t x,
                                         int32_t channels, const int8_t *outside) {
    const uint32_t inside = (uint32_t)y < window->input_height && (uint32_t)x < window->input_width;
    return inside ? input + (y * window->input_width + x) * channels : outside;
}

// The same at one place of the window of output `pixel`, counted row by row.
static inline const int8_t *tdf_window_pixel(const tdf_window *w, const int8_t *input, uint32_t pixel, uint32_t row,
                                             uint32_t column, int32_t channels, const int8_t *outside) {
    const int32_t y = (int32_t)(pixel / w->output_width * w->stride_y + row * w->dilation_y) - w->padding_top;
    const int32_t x = (int32_t)(pixel % w->output_width * w->stride_x + column * w->dilation_x) - w->padding_left;
    return tdf_pixel_or(w, input, y, x, channels, outside);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
// What the two pooling kernels share.
#ifndef TINYDF_POOL_H
#define TINYDF_POOL_H

#include "kernels.h"

// The part of a window that lies within the image: rows [top, bottom), columns [left, right).
typedef struct {
    int32_t top;
    int32_t bottom;
    int32_t left;
    int32_t right;
} tdf_extent;

static inline tdf_extent tdf_clip(const tdf_window *w, int32_t y, int32_t x) {
    const int32_t top = y * w->stride_y - w->padding_top;
    const int32_t left = x * w->stride_x - w->padding_left;
    return (tdf_extent){tdf_max(top, 0), tdf_min(top + w->kernel_height, w->input_height), tdf_max(left, 0),
                        tdf_min(left + w->kernel_width, w->input_width)};
}

#endif

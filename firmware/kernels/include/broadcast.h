/* SPDX-License-Identifier: Apache-2.0 */
// The loops of the element-wise kernels with two inputs.
#ifndef TINYDF_BROADCAST_H
#define TINYDF_BROADCAST_H

#include "kernels.h"

// Runs `*output++ = EXPRESSION` over all elements, with `*first` and `*second` the inputs' elements. `b` is the
// broadcast. A macro, so that the element's work stays inside the loop.
#define TDF_BROADCAST_LOOP(b, first, second, output, EXPRESSION)                                                       \
    for (uint32_t i0 = 0; i0 < (b)->shape[0]; i0++) {                                                                  \
        for (uint32_t i1 = 0; i1 < (b)->shape[1]; i1++) {                                                              \
            for (uint32_t i2 = 0; i2 < (b)->shape[2]; i2++) {                                                          \
                const int8_t *x = (first) + tdf_broadcast_offset((b)->first_strides, i0, i1, i2);                      \
                const int8_t *y = (second) + tdf_broadcast_offset((b)->second_strides, i0, i1, i2);                    \
                for (uint32_t i3 = 0; i3 < (b)->shape[3]; i3++) {                                                      \
                    *(output)++ = (EXPRESSION);                                                                        \
                    x += (b)->first_strides[3];                                                                        \
                    y += (b)->second_strides[3];                                                                       \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

static inline int32_t tdf_broadcast_offset(const int32_t *strides, uint32_t i0, uint32_t i1, uint32_t i2) {
    return (int32_t)i0 * strides[0] + (int32_t)i1 * strides[1] + (int32_t)i2 * strides[2];
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "broadcast.h"

TDF_HOT void tdf_maximum(const tdf_broadcast *p, const int8_t *first, const int8_t *second, int8_t *output) {
    TDF_BROADCAST_LOOP(p, first, second, output, *x > *y ? *x : *y)
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

TDF_HOT void tdf_fill(const tdf_fill_parameters *p, int8_t *output) {
    memset(output, p->value, p->count);
}

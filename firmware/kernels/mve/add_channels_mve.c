/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

TDF_HOT void tdf_add_channels_mve(const tdf_add_channels_mve_parameters *p, const int8_t *first, const int8_t *second,
                                  int8_t *output) {
    const uint32_t channels = p->add.count;
    for (uint32_t row = p->rows; row > 0; row--) {
        tdf_add_mve(&p->add, first, second, output);
        first += p->repeat_first ? 0 : channels;
        second += p->repeat_first ? channels : 0;
        output += channels;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
// Any function of one int8, as `tdf_lookup`, four elements at a time.
#ifndef TINYDF_LOOKUP_BY_FOUR_H
#define TINYDF_LOOKUP_BY_FOUR_H

#include "kernels.h"

typedef struct {
    uint32_t words;
    uint32_t rest;       // 0 to 3
    const int8_t *table; // [256]
} tdf_lookup_by_four_parameters;
void tdf_lookup_by_four(const tdf_lookup_by_four_parameters *parameters, const int8_t *input, int8_t *output);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

TDF_HOT void tdf_resize_nearest(const tdf_resize_parameters *p, const int8_t *input, int8_t *output) {
    const size_t channels = p->channels;
    for (uint32_t y = 0; y < p->output_height; y++) {
        const int8_t *row = input + (size_t)p->rows[y] * p->input_width * channels;
        for (uint32_t x = 0; x < p->output_width; x++) {
            memcpy(output, row + (size_t)p->columns[x] * channels, channels);
            output += channels;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

static inline void copy_row(const tdf_copy_parameters *p, const int8_t *input, int8_t *output) {
    const int32_t input_step = p->input_strides[4], output_step = p->output_strides[4];
    uint32_t left = p->shape[4];
    if (input_step == 1 && output_step == 1) {
        memcpy(output, input, left);
        return;
    }
    for (; left >= 4; left -= 4) {
        output[0] = input[0];
        output[output_step] = input[input_step];
        input += 2 * input_step;
        output += 2 * output_step;
        output[0] = input[0];
        output[output_step] = input[input_step];
        input += 2 * input_step;
        output += 2 * output_step;
    }
    for (; left > 0; left--) {
        *output = *input;
        input += input_step;
        output += output_step;
    }
}

static inline int32_t copy_offset(const int32_t *strides, uint32_t i0, uint32_t i1, uint32_t i2, uint32_t i3) {
    return (int32_t)i0 * strides[0] + (int32_t)i1 * strides[1] + (int32_t)i2 * strides[2] + (int32_t)i3 * strides[3];
}

TDF_HOT void tdf_copy(const tdf_copy_parameters *p, const int8_t *input, int8_t *output) {
    input += p->input_offset;
    output += p->output_offset;
    for (uint32_t i0 = 0; i0 < p->shape[0]; i0++) {
        for (uint32_t i1 = 0; i1 < p->shape[1]; i1++) {
            for (uint32_t i2 = 0; i2 < p->shape[2]; i2++) {
                for (uint32_t i3 = 0; i3 < p->shape[3]; i3++) {
                    copy_row(p, input + copy_offset(p->input_strides, i0, i1, i2, i3),
                             output + copy_offset(p->output_strides, i0, i1, i2, i3));
                }
            }
        }
    }
}

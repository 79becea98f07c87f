#include "kernels.h"

TINYDF_HOT void multiply_dsp(const multiply_dsp_parameters *p, const int8_t *first, const int8_t *second,
                             int8_t *output) {
    const scaling product = p->product;
    const uint32_t channels = p->channels;
    const int32_t low = p->low, high = p->high;
    for (uint32_t c = 0; c < channels; c++) {
        const int32_t factor = second[c] + p->second_offset;
        const int32_t offset = factor * p->first_offset;
        const int8_t *from = first + c;
        int8_t *to = output + c;
        for (uint32_t row = p->rows; row > 0; row--) {
            *to = clamp(scale(*from * factor + offset, &product), low, high);
            from += channels;
            to += channels;
        }
    }
}

#include "kernels.h"

TINYDF_HOT void fill(const fill_parameters *p, int8_t *output) {
    memset(output, p->value, p->count);
}

#include "broadcast.h"

TINYDF_HOT void smaller(const broadcast *p, const int8_t *first, const int8_t *second, int8_t *output) {
    BROADCAST_LOOP(p, first, second, output, *x < *y ? *x : *y)
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "mve.h"

#if TDF_HAS_MVE

#define EXTREMUM(choose)                                                                                               \
    __asm__ volatile("dlstp.8 lr, %[count]\n\t"                                                                        \
                     "1:\n\t"                                                                                          \
                     "vldrb.8 q0, [%[first]], #16\n\t"                                                                 \
                     "vldrb.8 q1, [%[second]], #16\n\t" choose " q0, q0, q1\n\t"                                       \
                     "vstrb.8 q0, [%[output]], #16\n\t"                                                                \
                     "letp lr, 1b\n\t"                                                                                 \
                     : [first] "+r"(first), [second] "+r"(second), [output] "+r"(output)                               \
                     : [count] "r"(p->count)                                                                           \
                     : "lr", "q0", "q1", "memory")

TDF_HOT void tdf_extremum_mve(const tdf_extremum_dsp_parameters *p, const int8_t *first, const int8_t *second,
                              int8_t *output) {
    if (p->minimum) {
        EXTREMUM("vmin.s8");
    } else {
        EXTREMUM("vmax.s8");
    }
}

#else

TDF_HOT void tdf_extremum_mve(const tdf_extremum_dsp_parameters *p, const int8_t *first, const int8_t *second,
                              int8_t *output) {
    tdf_extremum_dsp(p, first, second, output);
}

#endif

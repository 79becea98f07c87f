/* SPDX-License-Identifier: Apache-2.0 */
#include "mve.h"

TDF_HOT void tdf_lookup_mve(const tdf_lookup_parameters *p, const int8_t *input, int8_t *output) {
#if TDF_HAS_MVE
    __asm__ volatile("dlstp.8 lr, %[count]\n\t"
                     "1:\n\t"
                     "vldrb.8 q0, [%[input]], #16\n\t"
                     "vldrb.u8 q1, [%[table], q0]\n\t"
                     "vstrb.8 q1, [%[output]], #16\n\t"
                     "letp lr, 1b\n\t"
                     : [input] "+r"(input), [output] "+r"(output)
                     : [count] "r"(p->count), [table] "r"(p->table)
                     : "lr", "q0", "q1", "memory");
#else
    tdf_lookup(p, input, output);
#endif
}

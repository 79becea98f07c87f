/* SPDX-License-Identifier: Apache-2.0 */
#include "port/cortex_m/cache_m7.h"

#include "port/cortex_m/core.h"

// DDI 0403E B3.2.
#define SCB_CCR_DC  BIT(16)
#define SCB_CCR_IC  BIT(17)
#define SCB_CSSELR  REGISTER(0xE000ED84u)
#define SCB_ICIALLU REGISTER(0xE000EF50u)
#define SCB_DCISW   REGISTER(0xE000EF60u)

// ST AN4839: L1 caches of 16 KiB; data 4 ways of 128 sets of 32 bytes.
#define DATA_WAYS      4u
#define DATA_SETS      128u
#define DCISW_WAY(way) ((way) << 30)
#define DCISW_SET(set) ((set) << 5)

static void invalidate_data_cache(void) {
    SCB_CSSELR = 0; // level 1, data
    barrier();
    for (uint32_t set = 0; set < DATA_SETS; set++) {
        for (uint32_t way = 0; way < DATA_WAYS; way++) {
            SCB_DCISW = DCISW_WAY(way) | DCISW_SET(set);
        }
    }
}

// DDI 0403E B2.2.4: what is in the caches after reset is undefined.
void cache_enable(void) {
    SCB_ICIALLU = 0;
    invalidate_data_cache();
    barrier();
    SCB_CCR |= SCB_CCR_IC | SCB_CCR_DC;
    barrier();
}

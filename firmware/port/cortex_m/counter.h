/* SPDX-License-Identifier: Apache-2.0 */
// The cycle counter of a Cortex-M with DWT: DDI 0403E C1.8.
#ifndef TINYDF_CORTEX_M_COUNTER_H
#define TINYDF_CORTEX_M_COUNTER_H

#include "port/cortex_m/core.h"

#define DEMCR              REGISTER(0xE000EDFCu)
#define DEMCR_TRCENA       BIT(24)
#define DWT_CTRL           REGISTER(0xE0001000u)
#define DWT_CTRL_CYCCNTENA BIT(0)
#define DWT_CYCCNT         REGISTER(0xE0001004u)
#define DWT_LAR            REGISTER(0xE0001FB0u) // Cortex-M7: CoreSight software lock (DDI 0489F 10.2); others ignore it
#define DWT_LAR_KEY        0xC5ACCE55u

static inline void counter_start(void) {
    DEMCR |= DEMCR_TRCENA;
    DWT_LAR = DWT_LAR_KEY;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}

// Cycles of the core since the counter was started, modulo 2^32.
static inline uint32_t counter_read(void) {
    return DWT_CYCCNT;
}

#endif

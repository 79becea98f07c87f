/* SPDX-License-Identifier: Apache-2.0 */
// The level 1 caches of a Cortex-M7.
#ifndef TINYDF_CORTEX_M_CACHE_M7_H
#define TINYDF_CORTEX_M_CACHE_M7_H

void cache_enable(void);

#endif

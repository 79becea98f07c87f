/* SPDX-License-Identifier: Apache-2.0 */
// The clock steps in which one chip of the family differs from another.
#ifndef TINYDF_STM32H7_CLOCK_H
#define TINYDF_STM32H7_CLOCK_H

#include "link/wire.h"

wire_boot start_supply(void);
wire_boot raise_voltage(void);

#endif

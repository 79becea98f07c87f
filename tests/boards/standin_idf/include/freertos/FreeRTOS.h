/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "sdkconfig.h"
typedef uint32_t TickType_t;
typedef unsigned int UBaseType_t;
#define pdMS_TO_TICKS(ms) ((TickType_t)((uint64_t)(ms) * CONFIG_FREERTOS_HZ / 1000u))

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "sdkconfig.h"
#define ESP_TASK_MAIN_STACK CONFIG_ESP_MAIN_TASK_STACK_SIZE

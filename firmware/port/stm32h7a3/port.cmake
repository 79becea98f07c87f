# SPDX-License-Identifier: Apache-2.0
# STM32H7A3/7B3, bare metal: an STM32H7 with a clock, supply and memories of its own. Hot code runs from ITCM.
set(TINYDF_PORT_SOURCES
    port/cortex_m/cache_m7.c port/cortex_m/mpu_v7.c port/stm32/usart.c
    port/stm32h7/chip.c port/stm32h7/clock.c port/stm32h7a3/memory.c port/stm32h7a3/power.c)
set(TINYDF_RAM DTCM)
set(TINYDF_HOT ITCM)
include(port/stm32/stm32.cmake)

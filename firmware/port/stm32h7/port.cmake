# SPDX-License-Identifier: Apache-2.0
# STM32H742/743/753, bare metal. Hot code runs from ITCM.
set(TINYDF_PORT_SOURCES
    port/cortex_m/cache_m7.c port/cortex_m/mpu_v7.c port/stm32/usart.c
    port/stm32h7/chip.c port/stm32h7/clock.c port/stm32h7/memory.c port/stm32h7/power.c)
set(TINYDF_RAM DTCM)
set(TINYDF_HOT ITCM)
include(port/stm32/stm32.cmake)

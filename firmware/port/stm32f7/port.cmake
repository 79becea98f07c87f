# SPDX-License-Identifier: Apache-2.0
# STM32F767/777 and F765/769/779, bare metal: clock tree and reset flags are the STM32F446's. Hot code runs from ITCM.
set(TINYDF_PORT_SOURCES
    port/cortex_m/cache_m7.c port/cortex_m/mpu_v7.c port/stm32/usart.c
    port/stm32f4/chip.c port/stm32f4/clock.c port/stm32f7/memory.c)
set(TINYDF_RAM DTCM)
set(TINYDF_HOT ITCM)
include(port/stm32/stm32.cmake)

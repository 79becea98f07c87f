# SPDX-License-Identifier: Apache-2.0
# STM32F446, bare metal. No memory is faster than the flash behind its caches: hot code stays there.
set(TINYDF_PORT_SOURCES
    port/cortex_m/mpu_v7.c port/stm32/usart_sr_dr.c
    port/stm32f4/chip.c port/stm32f4/clock.c port/stm32f4/memory.c)
set(TINYDF_RAM SRAM)
set(TINYDF_HOT "")
include(port/stm32/stm32.cmake)

# SPDX-License-Identifier: Apache-2.0
# STM32U575/585, bare metal, TrustZone off. No memory is faster than the flash behind ICACHE: hot code stays there.
set(TINYDF_PORT_SOURCES
    port/cortex_m/mpu_v8.c port/stm32/usart.c
    port/stm32u5/chip.c port/stm32u5/clock.c port/stm32u5/memory.c)
set(TINYDF_RAM SRAM)
set(TINYDF_HOT "")
include(port/stm32/stm32.cmake)

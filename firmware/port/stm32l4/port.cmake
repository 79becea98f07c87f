# SPDX-License-Identifier: Apache-2.0
# STM32L4R5, bare metal. Hot code runs from SRAM2, which the code bus reaches beside the data bus's SRAM1 and SRAM3.
set(TINYDF_PORT_SOURCES
    port/cortex_m/mpu_v7.c port/stm32/usart.c
    port/stm32l4/chip.c port/stm32l4/clock.c port/stm32l4/memory.c)
set(TINYDF_RAM SRAM1)
set(TINYDF_HOT SRAM2)
include(port/stm32/stm32.cmake)

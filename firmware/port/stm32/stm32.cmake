# SPDX-License-Identifier: Apache-2.0
# What every STM32 port has. The family's port.cmake sets, before it includes this:
#
#   TINYDF_RAM  the region of stack and variables
#   TINYDF_HOT  the region that hot code is copied to and runs from; empty if none is faster than the flash and its cache
list(APPEND TINYDF_PORT_SOURCES
    port/bare_metal/identity.c port/cortex_m/fault.c port/cortex_m/startup.c
    port/stm32/clock.c port/stm32/pins.c port/stm32/port.c)
get_filename_component(family "${TINYDF_PORT_DIR}" ABSOLUTE)
target_include_directories(firmware PRIVATE "${family}") # family.h

if(TINYDF_HOT)
    add_compile_definitions("TDF_HOT=__attribute__((section(\".hot\")))")
else()
    set(TINYDF_HOT FLASH)
endif()
set(TINYDF_ALIASES RAM:${TINYDF_RAM} HOT:${TINYDF_HOT})
set(TINYDF_SECTIONS port/stm32/sections.ld)
set(TINYDF_SPECS -specs=nano.specs)
include(port/bare_metal/bare_metal.cmake)

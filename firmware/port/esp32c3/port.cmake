# SPDX-License-Identifier: Apache-2.0
# ESP32-C3, bare metal, booted from flash directly. Hot code runs from IRAM.
enable_language(ASM)
set(TINYDF_PORT_SOURCES
    port/bare_metal/identity.c
    port/esp32c3/clock.c port/esp32c3/fault.c port/esp32c3/port.c port/esp32c3/start.S port/esp32c3/startup.c)
add_compile_definitions("TDF_HOT=__attribute__((section(\".hot\")))")

# picolibc: memcpy and its like. Its headers are not where the compiler looks by itself.
set(TINYDF_SPECS --specs=picolibc.specs)
target_compile_options(firmware PRIVATE ${TINYDF_SPECS})
set(TINYDF_SECTIONS port/esp32c3/sections.ld)
include(port/bare_metal/bare_metal.cmake)

# What every STM32 port has. The family's port.cmake sets, before it includes this:
#
#   TINYDF_RAM  the region of stack and variables
#   TINYDF_HOT  the region that hot code is copied to and runs from; empty if none is faster than the flash and its cache
list(APPEND TINYDF_PORT_SOURCES
    port/bare_metal/identity.c port/bare_metal/memory.c port/cortex_m/fault.c port/cortex_m/startup.c
    port/stm32/clock.c port/stm32/pins.c port/stm32/port.c)
target_include_directories(firmware PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/port/${TINYDF_PORT}") # family.h

# The arena is where the board's TOML wants it.
add_compile_definitions("TINYDF_ARENA_SECTION=__attribute__((section(\".arena\")))")
if(TINYDF_HOT)
    add_compile_definitions("TDF_HOT=__attribute__((section(\".hot\")))")
else()
    set(TINYDF_HOT FLASH)
endif()
set(aliases "")
foreach(alias RAM:${TINYDF_RAM} HOT:${TINYDF_HOT} ARENA:${TINYDF_ARENA_REGION})
    string(REPLACE ":" "\", " alias "${alias}")
    string(APPEND aliases "REGION_ALIAS(\"${alias});\n")
endforeach()
file(WRITE "${CMAKE_BINARY_DIR}/linker/regions.ld" "${aliases}")

set(sections "${CMAKE_CURRENT_SOURCE_DIR}/port/stm32/sections.ld")
target_link_options(firmware PRIVATE
    -specs=nano.specs -nostartfiles "-L${TINYDF_LINKER_DIR}" "-L${CMAKE_BINARY_DIR}/linker" "-T${sections}"
    -Wl,--fatal-warnings "-Wl,--defsym=TINYDF_STACK_BYTES=${TINYDF_STACK_BYTES}")
set_target_properties(firmware PROPERTIES LINK_DEPENDS "${sections};${TINYDF_LINKER_DIR}/memory.ld")

# STM32H742/743/753, bare metal.
set(TINYDF_PORT_SOURCES
    port/bare_metal/memory.c port/cortex_m/fault.c port/cortex_m/startup.c
    port/stm32h7/clock.c port/stm32h7/memory.c port/stm32h7/port.c)

# Hot code runs from ITCM; the arena is where the board's TOML wants it.
add_compile_definitions(
    "TINYDF_HOT=__attribute__((section(\".hot\")))" "TINYDF_ARENA_SECTION=__attribute__((section(\".arena\")))")
file(WRITE "${CMAKE_BINARY_DIR}/linker/arena.ld" "REGION_ALIAS(\"ARENA\", ${TINYDF_ARENA_REGION});\n")

set(sections "${CMAKE_CURRENT_SOURCE_DIR}/port/stm32h7/sections.ld")
target_link_options(firmware PRIVATE
    -specs=nano.specs -nostartfiles "-L${TINYDF_LINKER_DIR}" "-L${CMAKE_BINARY_DIR}/linker" "-T${sections}"
    -Wl,--fatal-warnings "-Wl,--defsym=TINYDF_STACK_BYTES=${TINYDF_STACK_BYTES}")
set_target_properties(firmware PROPERTIES LINK_DEPENDS "${sections};${TINYDF_LINKER_DIR}/memory.ld")

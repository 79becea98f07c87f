# ESP32-C3, bare metal, booted from flash directly.
enable_language(ASM)
set(TINYDF_PORT_SOURCES
    port/bare_metal/identity.c port/bare_metal/memory.c
    port/esp32c3/clock.c port/esp32c3/fault.c port/esp32c3/port.c port/esp32c3/start.S port/esp32c3/startup.c)

# Hot code runs from IRAM; the arena is where the board's TOML wants it.
add_compile_definitions(
    "TDF_HOT=__attribute__((section(\".hot\")))" "TINYDF_ARENA_SECTION=__attribute__((section(\".arena\")))")
file(WRITE "${CMAKE_BINARY_DIR}/linker/arena.ld" "REGION_ALIAS(\"ARENA\", ${TINYDF_ARENA_REGION});\n")

# picolibc: memcpy and its like. Its headers are not where the compiler looks by itself.
target_compile_options(firmware PRIVATE --specs=picolibc.specs)
set(sections "${CMAKE_CURRENT_SOURCE_DIR}/port/esp32c3/sections.ld")
target_link_options(firmware PRIVATE
    --specs=picolibc.specs -nostartfiles "-L${TINYDF_LINKER_DIR}" "-L${CMAKE_BINARY_DIR}/linker" "-T${sections}"
    -Wl,--fatal-warnings "-Wl,--defsym=TINYDF_STACK_BYTES=${TINYDF_STACK_BYTES}")
set_target_properties(firmware PROPERTIES LINK_DEPENDS "${sections};${TINYDF_LINKER_DIR}/memory.ld")

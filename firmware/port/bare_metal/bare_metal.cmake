# SPDX-License-Identifier: Apache-2.0
# What every port without an operating system has. The port.cmake sets, before it includes this:
#
#   TINYDF_SECTIONS  its linker script, by its path in firmware/ or a whole one
#   TINYDF_SPECS     the option that picks its C library
#   TINYDF_ALIASES   regions that its linker script knows by another name, each as ALIAS:REGION; ARENA is always one
list(APPEND TINYDF_PORT_SOURCES port/bare_metal/memory.c)

# The arena is where the board's TOML wants it.
add_compile_definitions("TINYDF_ARENA_SECTION=__attribute__((section(\".arena\")))")
set(aliases "")
foreach(alias ${TINYDF_ALIASES} ARENA:${TINYDF_ARENA_REGION})
    string(REPLACE ":" "\", " alias "${alias}")
    string(APPEND aliases "REGION_ALIAS(\"${alias});\n")
endforeach()
file(WRITE "${CMAKE_BINARY_DIR}/linker/regions.ld" "${aliases}")

get_filename_component(sections "${TINYDF_SECTIONS}" ABSOLUTE)
target_link_options(firmware PRIVATE
    ${TINYDF_SPECS} -nostartfiles "-L${TINYDF_LINKER_DIR}" "-L${CMAKE_BINARY_DIR}/linker" "-T${sections}"
    -Wl,--fatal-warnings "-Wl,--defsym=TINYDF_STACK_BYTES=${TINYDF_STACK_BYTES}")
set_target_properties(firmware PROPERTIES LINK_DEPENDS "${sections};${TINYDF_LINKER_DIR}/memory.ld")

# SPDX-License-Identifier: Apache-2.0
# cmake -D COMPONENT_DIR=... -P requirements.cmake: reads a component up to where it says what it requires.
macro(idf_component_register)
    return()
endmacro()

function(read)
    include("${COMPONENT_DIR}/CMakeLists.txt")
endfunction()
read()

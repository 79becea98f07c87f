# SPDX-License-Identifier: Apache-2.0
# Stand-in for ESP-IDF's tools/cmake/project.cmake: as much of it as the project uses, with the component `driver` and
# all other headers in one library, which runs on this computer.
set(standin "${CMAKE_CURRENT_LIST_DIR}/../..")
include("${CMAKE_BINARY_DIR}/config/sdkconfig.cmake")

function(idf_component_register)
    cmake_parse_arguments(one "" "" "SRCS;INCLUDE_DIRS;PRIV_INCLUDE_DIRS;REQUIRES;PRIV_REQUIRES" ${ARGN})
    if(one_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "idf_component_register: ${one_UNPARSED_ARGUMENTS}")
    endif()
    get_filename_component(name "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
    add_library(${name} STATIC ${one_SRCS})
    target_compile_options(${name} PRIVATE -g -Wall -Wextra -Werror)
    target_include_directories(${name} PUBLIC ${one_INCLUDE_DIRS} PRIVATE ${one_PRIV_INCLUDE_DIRS})
    target_link_libraries(${name} PUBLIC ${one_REQUIRES} PRIVATE ${one_PRIV_REQUIRES} driver)
    set(COMPONENT_LIB ${name} PARENT_SCOPE)
endfunction()

macro(project name)
    _project(${name} C)
    # As ESP-IDF does: each component is read once as a script, which knows nothing of the project, for what it requires.
    foreach(component ${EXTRA_COMPONENT_DIRS} "${CMAKE_CURRENT_SOURCE_DIR}/main")
        execute_process(
            COMMAND "${CMAKE_COMMAND}" -D "COMPONENT_DIR=${component}" -P "${standin}/tools/cmake/requirements.cmake"
            COMMAND_ERROR_IS_FATAL ANY)
    endforeach()
    add_library(driver STATIC "${standin}/machine.c")
    target_include_directories(driver PUBLIC "${standin}/include" "${CMAKE_BINARY_DIR}/config")
    foreach(component ${EXTRA_COMPONENT_DIRS})
        get_filename_component(component_name "${component}" NAME)
        add_subdirectory("${component}" "esp-idf/${component_name}")
    endforeach()
    add_subdirectory(main esp-idf/main)
    file(WRITE "${CMAKE_BINARY_DIR}/empty.c" "extern int nothing;\n")
    add_executable(${name} "${CMAKE_BINARY_DIR}/empty.c")
    set_target_properties(${name} PROPERTIES SUFFIX .elf)
    target_link_options(${name} PRIVATE "-Wl,-Map=${name}.map")
    target_link_libraries(${name} PRIVATE -Wl,--start-group driver main ${COMPONENTS} -Wl,--end-group)
endmacro()

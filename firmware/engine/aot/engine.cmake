# SPDX-License-Identifier: Apache-2.0
# The compiled model: engine.c runs the tdf_model of model_aot.c; the kernels it calls are linked, the others dropped.
set(plan "${TINYDF_EXPORT}/plan.json")
if(NOT EXISTS "${plan}" OR NOT EXISTS "${TINYDF_EXPORT}/model_aot.c")
    message(FATAL_ERROR "${TINYDF_EXPORT} has no model_aot.c and plan.json: run `tinydf compile` or `tinydf export`")
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${plan}")
file(READ "${plan}" plan_text)
string(JSON TINYDF_ARENA_BYTES GET "${plan_text}" arena_bytes)

file(GLOB kernels CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/kernels/*/*.c")
# Those for another core's instructions would only be dropped: not compiled, a build takes half the time.
if(TINYDF_CPU_FLAGS MATCHES "-mcpu=cortex-m")
    list(FILTER kernels EXCLUDE REGEX "/kernels/rv32/")
endif()
if(TINYDF_CPU_FLAGS AND NOT TINYDF_CPU_FLAGS MATCHES "cortex-m(52|55|85)")
    list(FILTER kernels EXCLUDE REGEX "/kernels/mve/")
endif()
if(TINYDF_OWN_KERNELS) # of a target that another package brings
    file(GLOB own CONFIGURE_DEPENDS "${TINYDF_OWN_KERNELS}/*.c")
    list(APPEND kernels ${own})
    target_include_directories(firmware PRIVATE "${TINYDF_OWN_KERNELS}")
endif()
set(TINYDF_ENGINE_SOURCES engine/aot/engine.c "${TINYDF_EXPORT}/model_aot.c" ${kernels})
target_include_directories(firmware PRIVATE "${TINYDF_EXPORT}" engine kernels/include)

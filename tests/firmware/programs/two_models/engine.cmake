# SPDX-License-Identifier: Apache-2.0
# Two compiled models, first_model and second_model, in one firmware and one arena.
file(READ "${TINYDF_EXPORT}/plan.json" plan_text)
string(JSON TINYDF_ARENA_BYTES GET "${plan_text}" arena_bytes)
file(GLOB kernels "${CMAKE_CURRENT_SOURCE_DIR}/kernels/*/*.c")
list(FILTER kernels EXCLUDE REGEX "/kernels/(rv32|mve)/")
set(TINYDF_ENGINE_SOURCES "${TINYDF_EXPORT}/first_model.c" "${TINYDF_EXPORT}/second_model.c"
    "${CMAKE_CURRENT_LIST_DIR}/engine.c" ${kernels})
target_include_directories(firmware PRIVATE "${TINYDF_EXPORT}" kernels/include)

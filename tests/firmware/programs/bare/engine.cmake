# SPDX-License-Identifier: Apache-2.0
# The small engine of engine.c in the place of a compiled model, without the kernels, none of which it calls.
file(READ "${TINYDF_EXPORT}/plan.json" plan_text)
string(JSON TINYDF_ARENA_BYTES GET "${plan_text}" arena_bytes)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${TINYDF_EXPORT}/plan.json")
set(TINYDF_ENGINE_SOURCES "${TINYDF_EXPORT}/model_aot.c")
target_include_directories(firmware PRIVATE "${TINYDF_EXPORT}" engine)

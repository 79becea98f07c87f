# SPDX-License-Identifier: Apache-2.0
# TensorFlow Lite Micro: the model and its resolver from the export; headers and library from the user's tflite-micro.
# `tinydf build --engine tflm` sets these in board.cmake, and writes engine_library.h beside it:
#
#   TFLM_INCLUDES       directories of TFLM's headers and of the libraries that it uses
#   TFLM_DEFINITIONS    what the library was compiled with, as far as its headers ask
#   TFLM_LIBRARY        libtensorflow-microlite.a for this board's core
#   TINYDF_ARENA_BYTES  the arena's size
enable_language(CXX)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_EXTENSIONS OFF)

if(NOT EXISTS "${TFLM_LIBRARY}")
    message(FATAL_ERROR "TFLM_LIBRARY does not exist: '${TFLM_LIBRARY}'. Let `tinydf build --engine tflm` write board.cmake")
endif()

set(TINYDF_ENGINE_SOURCES engine/tflm/engine.cc engine/tflm/log.cc engine/tflm/stop.cc "${TINYDF_EXPORT}/model_data.cc")
if(CMAKE_CROSSCOMPILING)
    list(APPEND TINYDF_ENGINE_SOURCES engine/tflm/runtime.cc)
endif()
target_include_directories(firmware PRIVATE "${TINYDF_EXPORT}" "${TINYDF_LINKER_DIR}")
target_include_directories(firmware SYSTEM PRIVATE ${TFLM_INCLUDES})
target_compile_definitions(firmware PRIVATE ${TFLM_DEFINITIONS})
target_compile_options(firmware PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics>)
target_link_libraries(firmware PRIVATE "${TFLM_LIBRARY}" m)

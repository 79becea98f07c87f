# TensorFlow Lite Micro: model_data.cc and op_resolver.h from the export, headers and library from TFLM_ROOT.
enable_language(CXX)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_EXTENSIONS OFF)
set(TFLM_ROOT "" CACHE PATH "a built tflite-micro tree")
set(TFLM_LIBRARY "" CACHE FILEPATH "libtensorflow-microlite.a; found under TFLM_ROOT/gen if there is one for this target")

if(NOT EXISTS "${TFLM_ROOT}/tensorflow/lite/micro/micro_interpreter.h")
    message(FATAL_ERROR "TFLM_ROOT is no tflite-micro tree: '${TFLM_ROOT}'. See docs/firmware.md")
endif()
if(NOT TFLM_LIBRARY)
    if(CMAKE_CROSSCOMPILING)
        file(GLOB found "${TFLM_ROOT}/gen/cortex_m_generic_*/lib/libtensorflow-microlite.a")
    else()
        file(GLOB found "${TFLM_ROOT}/gen/linux_*/lib/libtensorflow-microlite.a")
    endif()
    list(LENGTH found count)
    if(NOT count EQUAL 1)
        message(FATAL_ERROR "${count} libraries for this target under ${TFLM_ROOT}/gen: give TFLM_LIBRARY. See docs/firmware.md")
    endif()
    set(TFLM_LIBRARY "${found}")
endif()

# What the application asks of a model before it runs, from the manifest: engine_model.h.
set(manifest "${TINYDF_EXPORT}/manifest.json")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${manifest}")
file(READ "${manifest}" manifest_text)
string(JSON TINYDF_ARENA_BYTES GET "${manifest_text}" tflm_arena_bytes)
string(JSON threshold_steps GET "${manifest_text}" decision threshold_steps)
string(JSON sha256 GET "${manifest_text}" chain tflite)
string(REGEX REPLACE "(..)" "0x\\1, " sha256_bytes "${sha256}")

function(describe_tensor edge result)
    string(JSON rank LENGTH "${manifest_text}" ${edge} shape)
    string(JSON scale GET "${manifest_text}" ${edge} scale)
    string(JSON zero_point GET "${manifest_text}" ${edge} zero_point)
    math(EXPR last "${rank} - 1")
    set(bytes 1)
    set(shape "")
    foreach(axis RANGE ${last})
        string(JSON size GET "${manifest_text}" ${edge} shape ${axis})
        math(EXPR bytes "${bytes} * ${size}")
        string(APPEND shape "${size}, ")
    endforeach()
    # static_cast: a scale is written as a double, and may have no decimal point.
    set(${result} "{${rank}, {${shape}}, static_cast<float>(${scale}), ${zero_point}, ${bytes}}" PARENT_SCOPE)
endfunction()
describe_tensor(input input)
describe_tensor(output output)
file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/engine/engine_model.h" @ONLY CONTENT "// From manifest.json, by engine.cmake.
#define ENGINE_MODEL_SHA256          {@sha256_bytes@}
#define ENGINE_MODEL_INPUT           @input@
#define ENGINE_MODEL_OUTPUT          @output@
#define ENGINE_MODEL_ARENA_BYTES     @TINYDF_ARENA_BYTES@
#define ENGINE_MODEL_THRESHOLD_STEPS @threshold_steps@
")

set(TINYDF_ENGINE_SOURCES engine/tflm/engine.cc "${TINYDF_EXPORT}/model_data.cc")
if(CMAKE_CROSSCOMPILING)
    list(APPEND TINYDF_ENGINE_SOURCES engine/tflm/runtime.cc)
endif()
set(downloads "${TFLM_ROOT}/tensorflow/lite/micro/tools/make/downloads")
target_include_directories(firmware PRIVATE "${TINYDF_EXPORT}" "${CMAKE_BINARY_DIR}/engine")
target_include_directories(firmware SYSTEM PRIVATE
    "${TFLM_ROOT}" "${downloads}/flatbuffers/include" "${downloads}/gemmlowp" "${downloads}/ruy")
target_compile_definitions(firmware PRIVATE TF_LITE_STATIC_MEMORY)
target_compile_options(firmware PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics>)
target_link_libraries(firmware PRIVATE "${TFLM_LIBRARY}" m)

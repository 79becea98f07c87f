// engine.h over TensorFlow Lite Micro's interpreter. The interpreter reads the model's flatbuffer from flash and keeps
// all that changes in the arena.
#include "engine/engine.h"

#include <new>

#include "engine_model.h"
#include "model_data.h"
#include "op_resolver.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {

constexpr uint16_t kMaxLayers = 512;

// Times each operator, while it is given a clock.
class LayerTimer final : public tflite::MicroProfilerInterface {
  public:
    constexpr LayerTimer() = default;

    void Start(engine_clock clock, uint32_t *ticks, uint16_t layers) {
        clock_ = clock;
        ticks_ = ticks;
        left_ = layers;
    }

    void Stop() {
        clock_ = nullptr;
    }

    uint32_t BeginEvent(const char *) override {
        began_ = clock_ != nullptr ? clock_() : 0;
        return 0;
    }

    void EndEvent(uint32_t) override {
        if (clock_ != nullptr && left_ > 0) {
            *ticks_++ = clock_() - began_;
            left_--;
        }
    }

  private:
    engine_clock clock_ = nullptr;
    uint32_t *ticks_ = nullptr;
    uint32_t began_ = 0;
    uint16_t left_ = 0;
};

const char *layer_names[kMaxLayers];
LayerTimer timer;

engine_description description = {
    "tflm",
    ENGINE_MODEL_SHA256,
    ENGINE_MODEL_INPUT,
    ENGINE_MODEL_OUTPUT,
    ENGINE_MODEL_ARENA_BYTES,
    ENGINE_MODEL_THRESHOLD_STEPS,
    0, // layers: known once the model was read
    layer_names,
};

// Made in place: a static object with a destructor would want a heap at start-up.
alignas(tinydf::OpResolver) uint8_t resolver_storage[sizeof(tinydf::OpResolver)];
alignas(tflite::MicroInterpreter) uint8_t interpreter_storage[sizeof(tflite::MicroInterpreter)];
tflite::MicroInterpreter *interpreter; // nullptr until engine_init has succeeded

void NameLayers(const tflite::Model *model) {
    const auto *operators = model->subgraphs()->Get(0)->operators();
    if (operators->size() > kMaxLayers) {
        return;
    }
    for (const auto *one : *operators) {
        const auto *code = model->operator_codes()->Get(one->opcode_index());
        layer_names[description.layer_count++] = tflite::EnumNameBuiltinOperator(code->builtin_code());
    }
}

bool Fits(const TfLiteTensor *tensor, const engine_tensor &described) {
    return tensor != nullptr && tensor->type == kTfLiteInt8 && tensor->bytes == described.bytes;
}

} // namespace

const engine_description *engine_describe(void) {
    return &description;
}

engine_status engine_init(uint8_t *arena, size_t size) {
    if (size < description.arena_bytes) {
        return ENGINE_ARENA_TOO_SMALL;
    }
    if (reinterpret_cast<uintptr_t>(arena) % ENGINE_ARENA_ALIGNMENT != 0) {
        return ENGINE_ARENA_UNALIGNED;
    }
    const tflite::Model *model = tflite::GetModel(tinydf::kModel);
    auto *resolver = new (resolver_storage) tinydf::OpResolver;
    if (model->version() != TFLITE_SCHEMA_VERSION || tinydf::RegisterOperators(*resolver) != kTfLiteOk) {
        return ENGINE_MODEL_INVALID;
    }
    auto *made = new (interpreter_storage) tflite::MicroInterpreter(model, *resolver, arena, size, nullptr, &timer);
    if (made->AllocateTensors() != kTfLiteOk) {
        return ENGINE_ARENA_TOO_SMALL;
    }
    if (!Fits(made->input(0), description.input) || !Fits(made->output(0), description.output)) {
        return ENGINE_MODEL_INVALID;
    }
    NameLayers(model);
    interpreter = made;
    return ENGINE_OK;
}

int8_t *engine_input(void) {
    return interpreter != nullptr ? interpreter->input(0)->data.int8 : nullptr;
}

engine_status engine_invoke(void) {
    if (interpreter == nullptr) {
        return ENGINE_NOT_INITIALISED;
    }
    return interpreter->Invoke() == kTfLiteOk ? ENGINE_OK : ENGINE_INVOKE_FAILED;
}

engine_status engine_profile(engine_clock clock, uint32_t *layer_ticks) {
    timer.Start(clock, layer_ticks, description.layer_count);
    const engine_status status = engine_invoke();
    timer.Stop();
    return status;
}

const int8_t *engine_output(void) {
    return interpreter != nullptr ? interpreter->output(0)->data.int8 : nullptr;
}

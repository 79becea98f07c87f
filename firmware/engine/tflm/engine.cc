/* SPDX-License-Identifier: Apache-2.0 */
// engine.h over TensorFlow Lite Micro's interpreter. The interpreter reads the model's flatbuffer from flash and keeps
// all that changes in the arena.
#include "engine/engine.h"

#include <cstring>
#include <new>

#include "engine/tflm/log.h"
#include "engine/tflm/stop.h"
#include "engine_library.h"
#include "model_data.h"
#include "op_resolver.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/schema/schema_utils.h"

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

template <std::size_t Rank>
constexpr engine_tensor Describe(const std::int32_t (&shape)[Rank], float scale, std::int8_t zero_point) {
    static_assert(Rank <= ENGINE_MAX_RANK, "a tensor of more dimensions than the link tells");
    engine_tensor tensor = {Rank, {}, scale, zero_point, 1};
    for (std::size_t axis = 0; axis < Rank; axis++) {
        tensor.shape[axis] = static_cast<uint16_t>(shape[axis]);
        tensor.bytes *= static_cast<uint32_t>(shape[axis]);
    }
    return tensor;
}

engine_description description = {
    "tflm",
    {}, // SHA-256, by engine_describe
    Describe(tinydf::kInputShape, tinydf::kInputScale, tinydf::kInputZeroPoint),
    Describe(tinydf::kOutputShape, tinydf::kOutputScale, tinydf::kOutputZeroPoint),
    ENGINE_ARENA_BYTES,
    tinydf::kThresholdSteps,
    0, // layers: known once the model was read
    layer_names,
    ENGINE_LIBRARY,
    ENGINE_LIBRARY_SHA256,
    tinydf::log_text,
    0, // arena used: known once the tensors were allocated
};

// Made in place: a static object with a destructor would want a heap at start-up.
alignas(tinydf::OpResolver) uint8_t resolver_storage[sizeof(tinydf::OpResolver)];
alignas(tflite::MicroInterpreter) uint8_t interpreter_storage[sizeof(tflite::MicroInterpreter)];
tflite::MicroInterpreter *interpreter; // nullptr until engine_init has succeeded

bool stopped; // by an assertion: the library's state is not to be trusted any more

const char *Name(const tflite::OperatorCode *code) {
    return tflite::EnumNameBuiltinOperator(tflite::GetBuiltinCode(code));
}

void NameLayers(const tflite::Model *model) {
    const auto *operators = model->subgraphs()->Get(0)->operators();
    description.layer_count = 0;
    if (operators->size() > kMaxLayers) {
        return;
    }
    for (const auto *one : *operators) {
        layer_names[description.layer_count++] = Name(model->operator_codes()->Get(one->opcode_index()));
    }
}

engine_status FindOperators(const tflite::Model *model, const tflite::MicroOpResolver &resolver) {
    // Of the operators, not of the codes: converters leave codes behind that nothing uses.
    for (const auto *one : *model->subgraphs()->Get(0)->operators()) {
        const auto *code = model->operator_codes()->Get(one->opcode_index());
        if (resolver.FindOp(tflite::GetBuiltinCode(code)) == nullptr) {
            tinydf::log_say("%s version %d is not in op_resolver.h or not in the library", Name(code),
                            static_cast<int>(code->version()));
            return ENGINE_OPERATOR_MISSING;
        }
    }
    return ENGINE_OK;
}

// The number after `words` in TFLM's messages, or 0.
uint32_t Said(const char *words) {
    const char *at = std::strstr(tinydf::log_text, words);
    uint32_t value = 0;
    for (at = at != nullptr ? at + std::strlen(words) : ""; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + static_cast<uint32_t>(*at - '0');
    }
    return value;
}

struct {
    uint8_t *bytes;
    size_t size;
} arena;

// True if the library said that the arena is too small, and by how much, which it does before anything goes wrong.
bool FellShort() {
    const uint32_t missing = Said("missing: ");
    if (missing != 0) {
        description.arena_used = static_cast<uint32_t>(arena.size) + missing;
    }
    return missing != 0;
}

// Why AllocateTensors failed: TFLM has one status for all reasons.
engine_status WhyNotAllocated() {
    if (FellShort()) {
        return ENGINE_ARENA_TOO_SMALL;
    }
    return std::strstr(tinydf::log_text, "failed to prepare") != nullptr ? ENGINE_OPERATOR_REFUSED
                                                                         : ENGINE_ALLOCATION_FAILED;
}

// Runs `call`, and comes back here if the library stops on an assertion in it.
engine_status Guarded(engine_status (*call)()) {
    if (stopped) {
        return ENGINE_ASSERTION_FAILED;
    }
    tinydf::log_clear();
    if (setjmp(tinydf::stop_escape) != 0) {
        stopped = true;
        interpreter = nullptr;
        return FellShort() ? ENGINE_ARENA_TOO_SMALL : ENGINE_ASSERTION_FAILED;
    }
    tinydf::stop_guarded = true;
    const engine_status status = call();
    tinydf::stop_guarded = false;
    return status;
}

// True if an edge is what model_data.h says; otherwise says what it is.
bool Fits(const TfLiteTensor *tensor, const engine_tensor &described) {
    if (tensor == nullptr) {
        tinydf::log_say("the model has no such edge\n");
        return false;
    }
    if (tensor->type == kTfLiteInt8 && tensor->bytes == described.bytes) {
        return true;
    }
    tinydf::log_say("an edge has type %d and %zu bytes, model_data.h says int8 (%d) and %lu\n",
                    static_cast<int>(tensor->type), tensor->bytes, static_cast<int>(kTfLiteInt8),
                    static_cast<unsigned long>(described.bytes));
    return false;
}

engine_status Initialise() {
    const tflite::Model *model = tflite::GetModel(tinydf::kModel);
    if (model->version() != TFLITE_SCHEMA_VERSION) {
        tinydf::log_say("schema version %d, the library reads %d", static_cast<int>(model->version()),
                        TFLITE_SCHEMA_VERSION);
        return ENGINE_SCHEMA_VERSION;
    }
    auto *resolver = new (resolver_storage) tinydf::OpResolver;
    if (tinydf::RegisterOperators(*resolver) != kTfLiteOk) {
        return ENGINE_MODEL_INVALID;
    }
    const engine_status found = FindOperators(model, *resolver);
    if (found != ENGINE_OK) {
        return found;
    }
    auto *made =
        new (interpreter_storage) tflite::MicroInterpreter(model, *resolver, arena.bytes, arena.size, nullptr, &timer);
    if (made->AllocateTensors() != kTfLiteOk) {
        return WhyNotAllocated();
    }
    description.arena_used = static_cast<uint32_t>(made->arena_used_bytes());
    if (!Fits(made->input(0), description.input) || !Fits(made->output(0), description.output)) {
        return ENGINE_MODEL_INVALID;
    }
    NameLayers(model);
    interpreter = made;
    return ENGINE_OK;
}

engine_status Invoke() {
    return interpreter->Invoke() == kTfLiteOk ? ENGINE_OK : ENGINE_INVOKE_FAILED;
}

} // namespace

const engine_description *engine_describe(void) {
    std::memcpy(description.model_sha256, tinydf::kModelSha256, sizeof description.model_sha256);
    return &description;
}

engine_status engine_init(uint8_t *bytes, size_t size) {
    if (reinterpret_cast<uintptr_t>(bytes) % ENGINE_ARENA_ALIGNMENT != 0) {
        return ENGINE_ARENA_UNALIGNED;
    }
    stopped = false;
    interpreter = nullptr;
    description.arena_used = 0;
    arena = {bytes, size};
    return Guarded(Initialise);
}

int8_t *engine_input(void) {
    return interpreter != nullptr ? interpreter->input(0)->data.int8 : nullptr;
}

engine_status engine_invoke(void) {
    if (interpreter == nullptr && !stopped) {
        return ENGINE_NOT_INITIALISED;
    }
    return Guarded(Invoke);
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

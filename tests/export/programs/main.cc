/* SPDX-License-Identifier: Apache-2.0 */
// A program of its own, with nothing of tinydf's firmware: the exported files and TensorFlow Lite Micro. It reads int8
// images from standard input, one input tensor each, and writes the model's outputs and its verdict.
#include <cstdio>

#include "model_data.h"
#include "op_resolver.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {
// A microcontroller takes kArenaBytes; the records of a 64-bit computer are larger.
constexpr std::size_t kArena = sizeof(void *) > 4 ? 2 * tinydf::kArenaBytes : tinydf::kArenaBytes;
alignas(16) std::uint8_t arena[kArena];
} // namespace

int main() {
    tinydf::OpResolver resolver;
    if (tinydf::RegisterOperators(resolver) != kTfLiteOk) {
        return 1;
    }
    tflite::MicroInterpreter interpreter(tflite::GetModel(tinydf::kModel), resolver, arena, sizeof arena);
    if (interpreter.AllocateTensors() != kTfLiteOk) {
        return 2;
    }
    TfLiteTensor *input = interpreter.input(0);
    const TfLiteTensor *output = interpreter.output(0);
    if (input->bytes != tinydf::kInputBytes || input->params.scale != tinydf::kInputScale ||
        input->params.zero_point != tinydf::kInputZeroPoint || output->bytes != tinydf::kOutputBytes ||
        output->params.scale != tinydf::kOutputScale || output->params.zero_point != tinydf::kOutputZeroPoint) {
        return 3;
    }
    while (std::fread(input->data.int8, 1, tinydf::kInputBytes, stdin) == tinydf::kInputBytes) {
        if (interpreter.Invoke() != kTfLiteOk) {
            return 4;
        }
        const std::int8_t *logits = output->data.int8;
        std::fwrite(logits, 1, tinydf::kOutputBytes, stdout);
        std::fputc(logits[1] - logits[0] > tinydf::kThresholdSteps ? 'f' : 'r', stdout);
    }
    return 0;
}

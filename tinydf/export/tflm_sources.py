# SPDX-License-Identifier: Apache-2.0
"""The C++ sources of a model for TensorFlow Lite Micro: its bytes, its facts, a resolver with exactly its operators."""

from pathlib import Path

import numpy as np

from tinydf.artefacts.manifest import Manifest, TensorSpec
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.ir.graph import Graph
from tinydf.export.tflm_arena import largest_arena

HEADER, SOURCE, RESOLVER = "model_data.h", "model_data.cc", "op_resolver.h"
BYTES_A_LINE = 16
# Where the resolver's method is not the operator's name in camel case.
METHODS = {
    "BATCH_MATMUL": "AddBatchMatMul",
    "CUMSUM": "AddCumSum",
    "PADV2": "AddPadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
}


def write_sources(directory: Path, tflite: bytes, manifest: Manifest) -> None:
    """Write `model_data.h`, `model_data.cc` and `op_resolver.h`: all that a program with TFLM inside needs of a model.

    Args:
        directory: where to.
        tflite: the model.
        manifest: what is known of it.

    Raises:
        TinydfError: if the bytes are no well-formed model.
    """
    graph, digest = read_model(tflite), manifest.chain.tflite
    operators = sorted({operator.kind for operator in graph.operators})
    (directory / HEADER).write_text(_model_header(manifest, len(tflite), graph))
    (directory / SOURCE).write_text(_model_source(digest, tflite))
    (directory / RESOLVER).write_text(_resolver(digest, operators))


def are_current(directory: Path, manifest: Manifest) -> bool:
    """Whether a directory has these sources, of this model and decision, as this version writes them."""
    names = (HEADER, SOURCE, RESOLVER)
    if not all((directory / name).is_file() for name in names):
        return False
    header = (directory / HEADER).read_text(encoding="utf-8", errors="replace")
    return "kArenaBytes" in header and all(line in header for line in _facts(manifest))


def resolver_method(operator: str) -> str:
    """The method of `MicroMutableOpResolver` that registers a built-in operator: "CONV_2D" -> "AddConv2D"."""
    words = [word if word[0].isdigit() else word.capitalize() for word in operator.split("_")]
    return METHODS.get(operator, "Add" + "".join(words))


def _float(value: float) -> str:
    """A float32 as C++ writes it: the shortest decimal that reads back the same."""
    text = repr(float(np.float32(value)))
    return f"{text}f"


def _edge(name: str, tensor: TensorSpec) -> list[str]:
    shape = ", ".join(str(size) for size in tensor.shape)
    return [
        f"inline constexpr std::int32_t k{name}Shape[] = {{{shape}}};",
        f"inline constexpr std::size_t k{name}Bytes = {tensor.bytes};",
        f"inline constexpr float k{name}Scale = {_float(tensor.scale)};",
        f"inline constexpr std::int8_t k{name}ZeroPoint = {tensor.zero_point};",
    ]


def _facts(manifest: Manifest) -> list[str]:
    digest = ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(manifest.chain.tflite))
    return [
        f"inline constexpr std::uint8_t kModelSha256[32] = {{{digest}}};",
        *_edge("Input", manifest.input),
        *_edge("Output", manifest.output),
        f"inline constexpr std::int16_t kThresholdSteps = {manifest.decision.threshold_steps};",
    ]


def _model_header(manifest: Manifest, size: int, graph: Graph) -> str:
    facts = _facts(manifest)
    edges = "\n".join(facts[1:-1])
    return f"""// Written by tinydf export; do not edit. model.tflite, SHA-256 {manifest.chain.tflite}
#ifndef TINYDF_MODEL_DATA_H
#define TINYDF_MODEL_DATA_H

#include <cstddef>
#include <cstdint>

namespace tinydf {{

inline constexpr std::size_t kModelBytes = {size};
alignas(16) extern const std::uint8_t kModel[kModelBytes];
{facts[0]}

// Arena for MicroInterpreter, aligned to 16 bytes: enough with the reference kernels and with CMSIS-NN's on any 32-bit
// core, as computed. A 64-bit computer wants more.
inline constexpr std::size_t kArenaBytes = {largest_arena(graph)};

// The edges are int8: real = (value - zero point) * scale.
{edges}

// "fake" if output[1] - output[0], mean over the image's crops, is greater.
{facts[-1]}

}}  // namespace tinydf

#endif
"""


def _model_source(digest: str, tflite: bytes) -> str:
    starts = range(0, len(tflite), BYTES_A_LINE)
    lines = ["    " + ", ".join(f"0x{one:02x}" for one in tflite[at : at + BYTES_A_LINE]) + "," for at in starts]
    return "\n".join(
        (
            f"// Written by tinydf export; do not edit. model.tflite, SHA-256 {digest}",
            '#include "model_data.h"',
            "",
            "alignas(16) const std::uint8_t tinydf::kModel[tinydf::kModelBytes] = {",
            *lines,
            "};",
            "",
        )
    )


def _resolver(digest: str, operators: list[str]) -> str:
    calls = "\n".join(f"  TF_LITE_ENSURE_STATUS(resolver.{resolver_method(one)}());" for one in operators)
    return f"""// Written by tinydf export; do not edit. Operators of model.tflite, SHA-256 {digest}
#ifndef TINYDF_OP_RESOLVER_H
#define TINYDF_OP_RESOLVER_H

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace tinydf {{

using OpResolver = tflite::MicroMutableOpResolver<{len(operators)}>;

inline TfLiteStatus RegisterOperators(OpResolver& resolver) {{
{calls}
  return kTfLiteOk;
}}

}}  // namespace tinydf

#endif
"""

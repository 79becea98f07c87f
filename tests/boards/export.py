# SPDX-License-Identifier: Apache-2.0
"""An export directory whose model is twenty lines of C: quick to build, and with an output that is known."""

from pathlib import Path

import numpy as np

from tinydf.artefacts.manifest import Decision, Manifest, Provenance, TensorSpec
from tinydf.artefacts.plan import EdgePlan, Plan
from tinydf.artefacts.preprocess import Preprocess
from tinydf.files import sha256_bytes, write_json

SIZE = 32
INPUT_BYTES = SIZE * SIZE * 3

_MODEL = """
#include <string.h>
#include "tdf_model.h"
static const char *const names[] = {{"sum"}};
static void sum_up(uint8_t *arena) {{
    static int8_t output[2];
    uint32_t sum = 0;
    for (uint32_t index = 0; index < {bytes}; index++)
        sum += arena[index] * (index % 7 + 1);
    output[0] = (int8_t)(sum & 0x7F);
    output[1] = (int8_t)(sum >> 7 & 0x7F);
    memcpy(arena, output, 2);
}}
static const tdf_layer layers[] = {{sum_up}};
const tdf_model model_aot = {{
    "sum", {{{digest}}}, {{4, {{1, {size}, {size}, 3}}, 0.00392156862745098f, -128, {bytes}}},
    {{2, {{1, 2}}, 0.1f, 0, 2}}, 0, 0, {arena}, 0, 1, layers, names}};
"""


def expected_output(data: bytes) -> bytes:
    """What the model must answer for an input."""
    values = np.frombuffer(data, np.uint8).astype(np.int64)
    total = int((values * (np.arange(len(values)) % 7 + 1)).sum())
    return bytes([total & 0x7F, total >> 7 & 0x7F])


def write_export(
    directory: Path, arena_bytes: int = 4096, content: bytes = b"a model", target: str = "armv7e-m"
) -> Path:
    """Write an export directory with an arena of so many bytes; `content` stands for the model, and makes its hash."""
    directory.mkdir(parents=True, exist_ok=True)
    digest = sha256_bytes(content)
    manifest = Manifest(
        name="sum",
        input=TensorSpec(name="image", shape=(1, SIZE, SIZE, 3), scale=1 / 255, zero_point=-128),
        output=TensorSpec(name="logits", shape=(1, 2), scale=0.1, zero_point=0),
        preprocess=Preprocess(size=SIZE),
        decision=Decision(),
        chain=Provenance(tflite=digest),
        tflm_arena_bytes=arena_bytes,
    )
    write_json(directory / "manifest.json", manifest)
    (directory / "model.tflite").write_bytes(content)
    write_json(directory / "plan.json", _plan(digest, arena_bytes, target))
    (directory / "model_aot.h").write_text("")
    words = ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(digest))
    source = _MODEL.format(digest=words, size=SIZE, bytes=INPUT_BYTES, arena=arena_bytes)
    (directory / "model_aot.c").write_text(source)
    return directory


def _plan(digest: str, arena_bytes: int, target: str) -> Plan:
    return Plan(
        model_sha256=digest,
        target=target,
        arena_bytes=arena_bytes,
        lower_bound=arena_bytes,
        macs=0,
        weight_bytes=0,
        input=EdgePlan(
            index=0,
            name="image",
            shape=(1, SIZE, SIZE, 3),
            offset=0,
            bytes=INPUT_BYTES,
            scale=1 / 255,
            zero_point=-128,
        ),
        output=EdgePlan(index=1, name="logits", shape=(1, 2), offset=0, bytes=2, scale=0.1, zero_point=0),
        layers=(),
    )

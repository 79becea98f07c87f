# SPDX-License-Identifier: Apache-2.0
"""What the forms need to know of a model, and the texts that they share: the example and the README."""

from dataclasses import dataclass

from tinydf.artefacts.manifest import Manifest
from tinydf.artefacts.plan import EdgePlan
from tinydf.compiler import Compiled


@dataclass(frozen=True)
class Publication:
    """What only the one who publishes a package knows: three numbers, a name, an address."""

    version: str = "1.0.0"
    author: str = "the model's owner"
    url: str = "https://example.org"


@dataclass(frozen=True)
class PackagedModel:
    """A model as a package presents it.

    Args:
        name: in C.
        publication: what its publisher says.
        tflite_sha256: hash of the model.
        input: in words, as comments and READMEs have it.
        padding: int8 input that stands for 0.
        detector: whether its two outputs are a detector's logits.
        title: one sentence.
        arena_bytes: working memory.
        weight_bytes: of weights and tables.
    """

    name: str
    publication: Publication
    tflite_sha256: str
    input: str
    padding: int
    detector: bool
    title: str
    arena_bytes: int
    weight_bytes: int

    @property
    def stem(self) -> str:
        """What its files and its `tdf_model` are called."""
        return f"{self.name}_model"

    @property
    def macro(self) -> str:
        """What its macros begin with."""
        return self.stem.upper()


def describe(compiled: Compiled, manifest: Manifest | None, publication: Publication) -> PackagedModel:
    """A compiled model in words."""
    plan = compiled.plan
    detector = manifest is not None and plan.output.bytes == 2
    kind = "Deepfake detector" if detector else "Neural network"
    return PackagedModel(
        name=compiled.name,
        publication=publication,
        tflite_sha256=plan.model_sha256,
        input=_edge(plan.input),
        padding=plan.input.zero_point,
        detector=detector,
        title=f"{kind} {compiled.name}, int8, {plan.macs} multiply-accumulates",
        arena_bytes=compiled.arena_bytes,
        weight_bytes=plan.weight_bytes,
    )


def _edge(edge: EdgePlan) -> str:
    shape = "x".join(map(str, edge.shape[1:] if len(edge.shape) > 1 else edge.shape))
    offset = f"{'-' if edge.zero_point >= 0 else '+'} {abs(edge.zero_point)}"
    return f"{shape} int8, NHWC; real = (value {offset}) * {edge.scale:g}"


def verdict(model: PackagedModel) -> tuple[str, str]:
    """The format and the argument with which an example prints the verdict."""
    if model.detector:
        return "%s", f'tdf_is_fake(&{model.stem}, arena) ? "fake" : "real"'
    return "class %u", f"(unsigned)tdf_largest(&{model.stem}, arena)"


def example(model: PackagedModel, includes: str = "#include <stdio.h>\n#include <string.h>", entry: str = "int") -> str:
    """An example in C: the input, a run, the verdict.

    Args:
        model: the model.
        includes: what stands before the model's header.
        entry: `int` for a `main` of the C library, `void app_main` for ESP-IDF's.
    """
    format, argument = verdict(model)
    head, end = ("int main(void) {", "    return 0;\n") if entry == "int" else (f"{entry}(void) {{", "")
    return f"""\
{includes}

#include "{model.stem}.h"

static TDF_ARENA(arena, {model.macro}_ARENA_BYTES);

{head}
    // The input: {model.input}
    memset(tdf_input(&{model.stem}, arena), {model.padding}, {model.macro}_INPUT_BYTES);
    tdf_run(&{model.stem}, arena);
    printf("{format}\\n", {argument});
{end}}}
"""


def readme(model: PackagedModel, use: str) -> str:
    """The README: what it is, how it is used."""
    format, argument = verdict(model)
    return f"""\
# {model.stem}

{model.title}. Made by `tinydf package` of the .tflite
`{model.tflite_sha256}` (SHA-256).

{use.strip()}

```c
static TDF_ARENA(arena, {model.macro}_ARENA_BYTES); // {model.arena_bytes} bytes

memcpy(tdf_input(&{model.stem}, arena), image, {model.macro}_INPUT_BYTES);
tdf_run(&{model.stem}, arena);
printf("{format}\\n", {argument});
```

The input is {model.input}. A run may overwrite it.

The model is a constant; all state is in the arena. Several models may share one arena in turn, and several threads may
run one model, each in an arena of its own. Weights and tables take {model.weight_bytes} bytes of flash. There is no
heap.

`LICENSE` is that of the kernels; `NOTICE` says whose the weights are.
"""

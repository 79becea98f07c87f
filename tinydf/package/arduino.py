# SPDX-License-Identifier: Apache-2.0
"""`--as arduino`: a library in the layout of Arduino's library specification, revision 1.5 and later."""

from tinydf.package.model import PackagedModel, readme, verdict

CORE = "cortex-m7"


def files(model: PackagedModel, sources: dict[str, str]) -> dict[str, str]:
    """The package's files: path -> text."""
    use = f"""
Put this folder below `libraries` of your sketchbook, or add it as a zip (Sketch, Include Library). Then open
File, Examples, {model.stem}.
"""
    return {
        **{f"src/{path}": text for path, text in sources.items()},
        "library.properties": _properties(model),
        f"examples/{model.name}/{model.name}.ino": _sketch(model),
        "README.md": readme(model, use),
    }


def _properties(model: PackagedModel) -> str:
    return f"""\
name={model.stem}
version={model.publication.version}
author={model.publication.author}
maintainer={model.publication.author}
sentence={model.title}.
paragraph=A constant model with the kernels that it uses, {model.arena_bytes} bytes of working memory, no heap.
category=Data Processing
url={model.publication.url}
architectures=*
includes={model.stem}.h
"""


def _sketch(model: PackagedModel) -> str:
    _, argument = verdict(model)
    return f"""\
#include <{model.stem}.h>

static TDF_ARENA(arena, {model.macro}_ARENA_BYTES);

void setup() {{
    Serial.begin(115200);
}}

void loop() {{
    // The input: {model.input}
    memset(tdf_input(&{model.stem}, arena), {model.padding}, {model.macro}_INPUT_BYTES);
    tdf_run(&{model.stem}, arena);
    Serial.println({argument});
    delay(1000);
}}
"""

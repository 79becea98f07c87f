# SPDX-License-Identifier: Apache-2.0
"""The C of one model and of the kernels that it uses, all under the model's own name.

Two packages in one program must link, and may come from different versions of tinydf. So each has its own copy of its
kernels, whose names begin with the model's instead of `tdf_`. What a program sees, `tdf_model.h`, is the same in all.
"""

import re
from pathlib import Path

from tinydf.compiler import Compiled
from tinydf.compiler.targets import target_named
from tinydf.resources import KERNELS

SHARED = "tdf_model.h"
_NAME = re.compile(r"\btdf_\w+")
_INCLUDE = re.compile(r'^#include "([\w.]+)"$', re.MULTILINE)
_DEFINED = re.compile(r"^(?!static)\w[^\n;]*\b(tdf_\w+)\(", re.MULTILINE)


def sources(compiled: Compiled) -> dict[str, str]:
    """The C files of a model with a name: path -> text.

    Returns:
        `<name>_model.h` and `.c`, `tdf_model.h`, and in the folder `<name>_kernels` the kernels that the model uses
        with their headers.
    """
    name, stem = compiled.name, compiled.stem
    folder = f"{name}_kernels"
    shared = (KERNELS / "include" / SHARED).read_text(encoding="utf-8")
    common = set(_NAME.findall(shared))

    def own(text: str) -> str:
        return _NAME.sub(lambda match: match[0] if match[0] in common else f"{name}_{match[0][4:]}", text)

    files = {f"{stem}.h": compiled.header, SHARED: shared}
    own_headers = {f"{stem}.h", SHARED}
    files[f"{stem}.c"] = _INCLUDE.sub(
        lambda match: match[0] if match[1] in own_headers else f'#include "{folder}/{match[1]}"', own(compiled.source)
    )
    for file, text in used_kernels(compiled.source, target_named(compiled.plan.target).sources).items():
        files[f"{folder}/{file}"] = own(text)
    return files


def used_kernels(source: str, own: Path | None = None) -> dict[str, str]:
    """The kernels' files that a generated C source needs, with their headers: file -> text; `own` are the target's."""
    paths = [*sorted(KERNELS.glob("*/*.[ch]")), *(sorted(own.glob("*.[ch]")) if own else ())]
    texts = {path.name: path.read_text(encoding="utf-8") for path in paths}
    home = {name: file for file, text in texts.items() if file.endswith(".c") for name in _DEFINED.findall(text)}
    wanted: list[str] = [source]
    used: dict[str, str] = {}
    while wanted:
        text = wanted.pop()
        needed = {home[name] for name in _NAME.findall(_code(text)) if name in home}
        needed |= {header for header in _INCLUDE.findall(text) if header in texts and header != SHARED}
        for file in sorted(needed - used.keys()):
            used[file] = texts[file]
            if file != "kernels.h":  # it declares all kernels, and calls none
                wanted.append(texts[file])
            else:
                wanted += [f'#include "{header}"\n' for header in _INCLUDE.findall(texts[file])]
    return dict(sorted(used.items()))


def _code(text: str) -> str:
    return re.sub(r"//.*", "", text)

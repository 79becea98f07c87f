# SPDX-License-Identifier: Apache-2.0
"""How tensors may lie upon each other: `kernels.h` says it of every kernel, and the compiler does nothing else."""

import re

import numpy as np
import pytest

from tests.compiler.cases import CASES
from tinydf.compiler import TARGETS
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.ir.calls import Call
from tinydf.compiler.lowering.context import lower
from tinydf.compiler.passes import PASSES
from tinydf.resources import KERNELS

HEADER = (KERNELS / "include" / "kernels.h").read_text(encoding="utf-8")
WORDS = re.compile(r"^// (Apart\.|In place|Forward)", re.MULTILINE)


def comment_of(function: str) -> str:
    """The comment of a declaration, its struct's comments included."""
    paragraph = HEADER[: HEADER.index(f"void {function}(")].rpartition("\n\n")[2]
    return " ".join(line.partition("//")[2].strip() for line in paragraph.splitlines() if line.startswith("//"))


def paragraph_of(function: str) -> str:
    return HEADER[: HEADER.index(f"void {function}(")].rpartition("\n\n")[2]


@pytest.mark.parametrize("function", re.findall(r"^void (tdf_\w+)\(", HEADER, re.MULTILINE))
def test_every_kernel_says_how_its_tensors_may_lie(function: str) -> None:
    assert function == "tdf_fill" or WORDS.search(paragraph_of(function))


@pytest.fixture(scope="module")
def calls() -> dict[str, list[Call]]:
    """All calls that the compiler makes of the test models, by kernel, with sums fused as a target does it."""
    found: dict[str, list[Call]] = {}
    for make in CASES.values():
        for seed in range(2):
            graph = read_model(make(np.random.default_rng(seed)))
            for change in PASSES:
                graph = change(graph)
            for target in TARGETS.values():
                for layer in target.specialise(graph, lower(graph)):
                    for call in layer.calls:
                        found.setdefault(call.kernel.symbol, []).append(call)
    return found


def test_the_compiler_keeps_to_it(calls: dict[str, list[Call]]) -> None:
    assert len(calls) > 40
    for function, made in calls.items():
        words = comment_of(function)
        for call in made:
            overlap = call.overlap
            assert not call.in_place or re.search(r"\bin place", words, re.IGNORECASE), function
            assert overlap is None or re.search(r"\bforward", words, re.IGNORECASE), function
            assert overlap is None or overlap.backward is None or re.search(r"\bbackward", words), function

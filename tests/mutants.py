# SPDX-License-Identifier: Apache-2.0
"""Seeds a fault in each kernel and says whether the sanitizers' test finds it: `python -m tests.mutants`.

Every fault gives wrong bytes for some input, so each must be found: the test's models that call the mutated kernel are
built and run until one differs from TFLM's interpreter or a sanitizer stops it. Faults are seeded in the C that runs on
this machine; the instructions of other cores are compared on emulated boards (tests/firmware/test_instructions.py).
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.batch import INCLUDES, SANITIZERS, Trial, check
from tests.compiler.cases import CASES, inputs_for
from tests.compiler.fusion.test_cascades import any_price
from tests.firmware.kernels.test_sanitizers import CASCADE_SEEDS, builds, names_in, seeds
from tinydf.compiler import Compiled
from tinydf.resources import KERNELS


@dataclass(frozen=True)
class Fault:
    """In `file`, the last `right` becomes `wrong`."""

    file: str
    right: str
    wrong: str


FAULTS = (
    Fault("add.c", "first - second", "first + second"),
    Fault("add_channels_linear.c", "output += channels", "output += channels - (row == 2)"),
    Fault("add_channels_linear.c", "p->repeat_first ? channels : 0", "p->repeat_first ? 0 : channels"),
    Fault("add_channels_mve.c", "p->repeat_first ? 0 : channels", "channels"),
    Fault("add_linear.c", "here.high", "here.high - 1"),
    Fault("add_mve.c", "p->sign * b", "b"),
    Fault("average_pool_2d.c", "sum - count / 2", "sum + count / 2"),
    Fault("average_pool_2d_dsp.c", "left < 4 ? left : 4", "4"),
    Fault("average_pool_2d_mve.c", "-(count / 2)", "count / 2"),
    Fault("cascade.c", "(y - t->first) * t->row_bytes", "y * t->row_bytes"),
    Fault("conv_2d.c", "c / filters * depth", "0"),
    Fault("conv_2d_dsp.c", "y++", "y += 2"),
    Fault("conv_2d_few_dsp.c", "p->padding_value", "0"),
    Fault("conv_2d_mve.c", "left + w->stride_x", "left + 1"),
    Fault("conv_2d_rv32.c", "i % w->output_width * w->stride_x", "i % w->output_width"),
    Fault("copy.c", "(int32_t)i3 * strides[3]", "(int32_t)i3 * strides[2]"),
    Fault("dense_dsp.c", "rest > 0", "rest > 1"),
    Fault("dot_dsp.c", "scaling[1], output + 1", "scaling[0], output + 1"),
    Fault("dot_mve.c", "p->low, p->high", "p->low, INT8_MAX"),
    Fault("dot_rv32.c", "q + 3", "q + 2"),
    Fault("dense_rv32.c", "value * weights[3]", "value * weights[2]"),
    Fault("depthwise_3x3_dsp.c", "s->width % 2 != 0", "0"),
    Fault("depthwise_3x3_rv32.c", "r2[k] * w[6 + k]", "r2[k] * w[3 + k]"),
    Fault("depthwise_conv_2d.c", "j * w->dilation_x", "j"),
    Fault("depthwise_dsp.c", "(uint32_t)-start + dilation - 1", "(uint32_t)-start"),
    Fault("depthwise_mve.c", "w->kernel_height < p->slots", "w->kernel_height + 1 < p->slots"),
    Fault("depthwise_rv32.c", "inner.taps - end", "inner.taps - end - 1"),
    Fault("extremum_dsp.c", "tdf_max(first[i] ^ mask", "tdf_min(first[i] ^ mask"),
    Fault("extremum_mve.c", "first, second, output", "first, first, output"),
    Fault("fill.c", "p->value", "0"),
    Fault("gather.c", "(size_t)p->input_runs", "(size_t)p->count"),
    Fault("grouped_conv_2d_dsp.c", "to += dot.output_channels", "to += dot.output_channels - (group == 1)"),
    Fault("grouped_conv_2d_rv32.c", "* p->groups + group", "* p->groups"),
    Fault("maximum.c", "*x > *y", "*x < *y"),
    Fault("lookup.c", "table[(uint8_t)input[i]]", "table[input[i] & 0x7f]"),
    Fault("max_pool_2d.c", "x < e->right", "x < e->right - 1"),
    Fault("max_pool_2d_dsp.c", "c5 = tdf_max(c5, pixel[next + 1])", "c5 = tdf_max(c5, pixel[next])"),
    Fault("max_pool_2d_mve.c", "row[(x - e->left) * channels", "row[x * channels"),
    Fault("multiply.c", "b + p->second_offset", "b"),
    Fault("multiply_dsp.c", "2 * channels", "3 * channels"),
    Fault("multiply_mve.c", "first += p->channels", "first += 1"),
    Fault("planar_dsp.c", "tdf_pack_high(even, next_even)", "tdf_pack_low(even, next_even)"),
    Fault("pointwise.c", "input += p->input_channels", "input += p->output_channels"),
    Fault("pointwise_dsp.c", "count > 2 ? b + channels : b", "b"),
    Fault("pointwise_mve.c", "p->pixels % 2", "0"),
    Fault("pointwise_rv32.c", "first + 1 == p->pixels", "first + 2 == p->pixels"),
    Fault("prelu.c", "value >= 0", "value > 5"),
    Fault("prelu_dsp.c", "second[c] + p->second_offset", "second[0] + p->second_offset"),
    Fault("prelu_mve.c", "p->negative_shift)", "p->positive_shift)"),
    Fault("reduce.c", "sum = -p->offset", "sum = 0"),
    Fault("reduce_apart.c", "i * p->middle_strides[0]", "i"),
    Fault("reduce_dsp.c", "sum - p->offset", "sum"),
    Fault("reduce_mve.c", "input[j * p->inner + k]", "input[j * p->inner]"),
    Fault("resize_bilinear.c", "above * (ONE - down) + below * down", "above * ONE"),
    Fault("resize_nearest.c", "p->rows[y]", "y"),
    Fault("minimum.c", "*x < *y", "*x > *y"),
    Fault("softmax.c", "i < 3", "i < 1"),
)


def main() -> int:
    """Seed all faults, or those of some files; ends with status 1 if one is not found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="only faults in these, such as prelu_dsp.c")
    wanted = parser.parse_args().files
    faults = [fault for fault in FAULTS if not wanted or fault.file in wanted]
    survived = []
    with tempfile.TemporaryDirectory(prefix="tinydf-mutants-") as scratch:
        directory = Path(scratch)
        objects = {path.name: compile_kernel(path, directory) for path in sorted(KERNELS.glob("*/*.c"))}
        models = list(all_models())
        for fault in faults:
            found_by = find(fault, objects, models, directory)
            print(f"{fault.file}: {fault.right!r} -> {fault.wrong!r}: {found_by or 'NOT FOUND'}", flush=True)
            survived += [] if found_by else [fault]
    print(f"{len(faults) - len(survived)} of {len(faults)} faults found")
    return 1 if survived else 0


def all_models() -> Iterator[tuple[str, int, bytes, Compiled]]:
    """Case, seed, model, and its C for each target that has another, as the sanitizers' test takes them."""
    for name in CASES:
        for seed in seeds(name):
            model = CASES[name](np.random.default_rng(seed))
            yield from ((name, seed, model, compiled) for compiled, flags in builds(model).values() if not flags)
    with pytest.MonkeyPatch.context() as patch:
        any_price(patch)
        for seed in CASCADE_SEEDS:
            model = CASES["wide_cascade"](np.random.default_rng(seed))
            yield from (("wide_cascade", seed, model, one) for one, flags in builds(model).values() if not flags)


def find(
    fault: Fault, objects: dict[str, Path], models: list[tuple[str, int, bytes, Compiled]], directory: Path
) -> str | None:
    """The first model that shows a fault; None if none does."""
    kernels = directory / "mutated.o"
    beside = f"-I{source_of(fault).parent}"
    changed = objects | {fault.file: compile_kernel(mutate(fault, directory), directory / "mutant", beside)}
    subprocess.run(["cc", "-r", *map(str, changed.values()), "-o", str(kernels)], check=True)
    names = reached_by(source_of(fault))
    for name, seed, model, compiled in models:
        if names & names_in(compiled.source):
            try:
                inputs = inputs_for(after(name, seed), compiled.plan.input.shape[1:])
                check([Trial(name, model, compiled, inputs)], kernels, SANITIZERS, directory / "model")
            except AssertionError:
                return f"found by {name}, seed {seed}, {compiled.plan.target}"
    return None


def after(name: str, seed: int) -> np.random.Generator:
    """The generator as it is once a case's model has been drawn from it."""
    rng = np.random.default_rng(seed)
    CASES[name](rng)
    return rng


def reached_by(path: Path) -> set[str]:
    """The names by which generated C reaches a kernel's file: its own, and those of the kernels that use it."""
    own = {path.stem, f"tdf_{path.stem}"}
    users = {other.stem for other in KERNELS.glob("*/*.c") if own & names_in(other.read_text(encoding="utf-8"))}
    return own | users | {f"tdf_{stem}" for stem in users}


def source_of(fault: Fault) -> Path:
    """The kernel's C file."""
    return next(KERNELS.glob(f"*/{fault.file}"))


def mutate(fault: Fault, directory: Path) -> Path:
    """Write a kernel with its fault."""
    source = source_of(fault)
    text = source.read_text(encoding="utf-8")
    before, found, behind = text.rpartition(fault.right)
    if not found:
        raise SystemExit(f"{fault.file} has no {fault.right!r} any more: give it another fault")
    path = directory / fault.file
    path.write_text(before + fault.wrong + behind, encoding="utf-8")
    return path


def compile_kernel(path: Path, directory: Path, *includes: str) -> Path:
    """One kernel with the sanitizers."""
    directory.mkdir(exist_ok=True)
    made = directory / f"{path.stem}.o"
    subprocess.run(["cc", *SANITIZERS, *INCLUDES, *includes, "-c", str(path), "-o", str(made)], check=True)
    return made


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Mutates models and feeds them to the compiler: `python -m tests.fuzz.tflite --cases 100000`.

Half of the cases come from MLPerf Tiny's models as published, half from small models of every operator. Each must
compile, or give a `TinydfError`, within a time limit. Some of those that compile are built with the sanitizers and run:
their C must be free of warnings, stay within its memory, and give the bytes that TFLM's interpreter gives, unless that
refuses the model or crashes on it, which is counted apart. A case is made from the seed and its number alone, so that
a run can go on where another was stopped (`--first`), and any case can be had again.
"""

import argparse
import os
import signal
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import mlperf_tiny
from tests.compiler.batch import SANITIZERS, build_kernels
from tests.compiler.cases import CASES
from tests.fuzz.interpreter import CrashedError, Interpreter, RefusedError
from tinydf import progress
from tinydf.cli.console import listen
from tinydf.compiler import TARGETS, Compiled, compile_model, write_compiled
from tinydf.compiler.frontend.tflite import Bytes, Table
from tinydf.errors import TinydfError
from tinydf.resources import FIRMWARE, KERNELS

SECONDS_PER_CASE = 10
LARGEST_RUN = 1 << 22
LARGEST_SMALL_CONSTANT = 64
CHUNK = 250
SIGNS = b"*/\\\"'?\n\r\0, ;%"
IntArray = NDArray[np.int64]
Int8Array = NDArray[np.int8]
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Werror")
INCLUDES = (f"-I{FIRMWARE}", f"-I{KERNELS / 'include'}")
ENGINE = FIRMWARE / "engine" / "aot" / "engine.c"
DRIVER = Path(__file__).with_name("driver.c")


@dataclass
class Tally:
    """What became of the cases: how many of each outcome; `failures` says which broke the rules, and how."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count another part's cases in."""
        self.counts += other.counts
        self.failures += other.failures


@dataclass(frozen=True)
class Fuzz:
    """What is run: the seed, of how many that compile one is built and run, and where failing cases are kept."""

    seed: int
    run_every: int
    keep: Path


@cache
def real_models() -> tuple[tuple[bytes, IntArray], ...]:
    """MLPerf Tiny's models, each with the places of its bytes that are no weights."""
    return tuple((model, structure(model)) for model in mlperf_tiny.models().values())


def structure(model: bytes) -> IntArray:
    """Places of a model's bytes outside its large constants."""
    file = Bytes(model)
    outside = np.ones(len(model), dtype=bool)

    def hide(table: Table, place: int) -> None:
        at = table.where(0)
        if at is not None:
            first, count = file.vector(file.follow(at), 1)
            outside[first : first + count] = count <= LARGEST_SMALL_CONSTANT

    Table(file, file.follow(0)).tables(4, hide)
    return np.flatnonzero(outside)


def case(seed: int, number: int) -> tuple[bytes, np.random.Generator]:
    """Case `number`, and the generator that goes on from there."""
    random = np.random.default_rng((seed, number))
    if number % 2:
        model, places = real_models()[number // 2 % len(real_models())]
    else:
        model = CASES[list(CASES)[number // 2 % len(CASES)]](random)
        places = np.arange(len(model))
    if random.integers(4) == 0:
        model = renamed(random, model)
    return mutated(random, model, places), random


def renamed(random: np.random.Generator, model: bytes) -> bytes:
    """A model whose tensors' names are any bytes, most of them such as end a comment or a string in C."""
    data, file = bytearray(model), Bytes(model)

    def rename(tensor: Table, place: int) -> None:
        at = tensor.where(3)
        if at is not None:
            first, count = file.vector(file.follow(at), 1)
            signs = random.choice(np.frombuffer(SIGNS, np.uint8), count)
            either = np.where(random.integers(4, size=count), signs, random.integers(256, size=count))
            data[first : first + count] = either.astype(np.uint8).tobytes()

    Table(file, file.follow(0)).tables(2, lambda graph, place: graph.tables(0, rename))
    return bytes(data)


def mutated(random: np.random.Generator, model: bytes, places: IntArray) -> bytes:
    """A model with some bytes or words changed, cut off, or taken from elsewhere in it, mostly at `places`."""
    data = bytearray(model)
    for _ in range(int(random.choice((1, 1, 1, 2, 4)))):
        at = int(random.choice(places) if random.integers(16) else random.integers(len(data)))
        at = min(at, len(data) - 4)
        kind = random.integers(5)
        if kind == 0:
            data[at] = int(random.integers(256))
        elif kind == 1:
            data[at] ^= 1 << int(random.integers(8))
        elif kind == 2:
            words = (0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, len(data), len(data) - at, 0x7FC00000)
            struct.pack_into("<I", data, at // 4 * 4, words[int(random.integers(len(words)))] & 0xFFFFFFFF)
        elif kind == 3:
            other = int(random.choice(places))
            data[at : at + 4] = data[other : other + 4].ljust(4, b"\0")
        elif random.integers(8) == 0:
            del data[max(at, 16) :]
    return bytes(data)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """End a case that hangs: after so much processor time, so that other work on the machine does not count."""

    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"a case took more than {seconds} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def build_and_run(compiled: Compiled, kernels: Path, directory: Path, inputs: Int8Array) -> Int8Array:
    """Build a compiled model with the sanitizers and run it on a batch; gives its outputs, int8 [batch * bytes].

    Raises:
        AssertionError: if its C has a warning, or a sanitizer stops it.
    """
    write_compiled(compiled, directory)
    program = directory / "program"
    # The generated file alone must be free of warnings; the driver is the tests'.
    object_file = directory / "model.o"
    flags = [*SANITIZERS, *INCLUDES, f"-I{directory}"]
    made = subprocess.run(
        ["cc", *flags, *WARNINGS, "-c", str(directory / "model_aot.c"), "-o", str(object_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[:2000]
    subprocess.run(
        ["cc", *flags, str(object_file), str(DRIVER), str(ENGINE), str(kernels), "-o", str(program)], check=True
    )
    result = subprocess.run([program], input=inputs.tobytes(), capture_output=True, check=False, timeout=600)
    assert result.returncode == 0, result.stderr.decode(errors="replace")[:2000]
    return np.frombuffer(result.stdout, np.int8)


def beside_tflm(compiled: Compiled, model: bytes, outputs: Int8Array, inputs: Int8Array, tflm: Interpreter) -> str:
    """Compare outputs with the interpreter's; gives the outcome.

    Raises:
        AssertionError: if they differ.
    """
    try:
        expected = tflm.run(model, inputs, compiled.plan)
    except RefusedError:
        return "refused by TFLM"
    except CrashedError:
        return "crashed TFLM"
    np.testing.assert_array_equal(outputs, expected.reshape(-1), "these are not TFLM's bytes")
    return "equal to TFLM"


def fuzz(what: Fuzz, first: int, cases: int, kernels: Path) -> Tally:
    """Run the cases `first` ... `first + cases - 1`; one that fails is kept as a file, and the others go on."""
    tally, targets = Tally(), list(TARGETS)
    with tempfile.TemporaryDirectory(prefix="tinydf-fuzz-") as scratch, Interpreter() as tflm:
        for number in range(first, first + cases):
            model, random = case(what.seed, number)
            try:
                with time_limit(SECONDS_PER_CASE):
                    compiled = compile_model(model, target=targets[int(random.integers(len(targets)))])
                tally.counts["compiled"] += 1
                small = compiled.arena_bytes + compiled.plan.macs < LARGEST_RUN
                if tally.counts["compiled"] % what.run_every == 0 and small:
                    inputs = random.integers(-128, 128, (2, *compiled.plan.input.shape)).astype(np.int8)
                    outputs = build_and_run(compiled, kernels, Path(scratch), inputs)
                    tally.counts["run"] += 1
                    tally.counts[beside_tflm(compiled, model, outputs, inputs, tflm)] += 1
            except TinydfError:
                tally.counts["refused"] += 1
            except Exception as error:
                what.keep.mkdir(parents=True, exist_ok=True)
                kept = what.keep / f"case-{what.seed}-{number}.tflite"
                kept.write_bytes(model)
                tally.failures.append(f"{kept}: {type(error).__name__}: {error}")
    return tally


def main() -> int:
    """Fuzz from the command line, on all cores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--run-every", type=int, default=100, help="build and run every nth that compiles")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="where failing cases are written")
    arguments = parser.parse_args()
    listen()
    what = Fuzz(arguments.seed, arguments.run_every, arguments.keep)
    last = arguments.first + arguments.cases
    real_models()  # fetched once, before every worker wants them
    total = Tally()
    with (
        tempfile.TemporaryDirectory(prefix="tinydf-fuzz-") as scratch,
        ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool,
        progress.bar("fuzz", arguments.cases) as bar,
    ):
        kernels = build_kernels(Path(scratch), SANITIZERS)
        starts = range(arguments.first, last, CHUNK)
        parts = pool.map(partial(_chunk, what, last, kernels), starts)
        for start, part in zip(starts, parts, strict=True):
            total.add(part)
            done = min(start + CHUNK, last)
            bar.update(completed=done - arguments.first, tally=f"go on with --first {done}")
    print(f"{arguments.cases} cases: {', '.join(f'{count} {outcome}' for outcome, count in total.counts.items())}")
    print("\n".join([f"{len(total.failures)} failed", *total.failures]))
    return 1 if total.failures else 0


def _chunk(what: Fuzz, last: int, kernels: Path, start: int) -> Tally:
    return fuzz(what, start, min(CHUNK, last - start), kernels)


if __name__ == "__main__":
    sys.exit(main())

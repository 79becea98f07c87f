"""Mutates models and feeds them to the compiler: `python -m tests.fuzz.tflite --cases 100000`.

Every case must compile, or give a `TinydfError`, within a time limit. Some of those that compile are built with the
sanitizers and run: their C must be free of warnings and stay within its memory.
"""

import argparse
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.compiler.cases import CASES
from tinydf.compiler import TARGETS, Compiled, compile_model, write_compiled
from tinydf.errors import TinydfError
from tinydf.resources import FIRMWARE

SECONDS_PER_CASE = 10
LARGEST_RUN = 1 << 20
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Werror")
SANITIZERS = ("-std=c11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
INCLUDES = (f"-I{FIRMWARE / 'engine'}", f"-I{FIRMWARE / 'kernels'}")
DRIVER = Path(__file__).parents[1] / "firmware" / "kernels" / "driver.c"


@dataclass
class Tally:
    """What became of the cases."""

    refused: int = 0
    compiled: int = 0
    run: int = 0


def mutated(random: np.random.Generator, model: bytes) -> bytes:
    """A model with some bytes or words changed, cut off, or taken from elsewhere in it."""
    data = bytearray(model)
    for _ in range(int(random.choice((1, 1, 1, 2, 4)))):
        at = int(random.integers(len(data) - 4))
        kind = random.integers(5)
        if kind == 0:
            data[at] = int(random.integers(256))
        elif kind == 1:
            data[at] ^= 1 << int(random.integers(8))
        elif kind == 2:
            words = (0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, len(data), len(data) - at, 0x7FC00000)
            struct.pack_into("<I", data, at // 4 * 4, words[int(random.integers(len(words)))] & 0xFFFFFFFF)
        elif kind == 3:
            other = int(random.integers(len(data) - 4))
            data[at : at + 4] = data[other : other + 4]
        elif random.integers(8) == 0:
            del data[max(at, 16) :]
    return bytes(data)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """End a case that hangs."""

    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"a case took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def build_kernels(directory: Path) -> Path:
    """All kernels with the sanitizers, once."""
    made = directory / "kernels.o"
    sources = [str(path) for path in sorted((FIRMWARE / "kernels").glob("*.c"))]
    subprocess.run(["cc", *SANITIZERS, *INCLUDES, "-r", *sources, "-o", str(made)], check=True)
    return made


def build_and_run(compiled: Compiled, kernels: Path, directory: Path, random: np.random.Generator) -> None:
    """Build a compiled model with the sanitizers and run it on two inputs.

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
    subprocess.run(["cc", *flags, str(object_file), str(DRIVER), str(kernels), "-o", str(program)], check=True)
    inputs = random.integers(-128, 128, 2 * compiled.plan.input.bytes).astype(np.int8)
    result = subprocess.run([program], input=inputs.tobytes(), capture_output=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr.decode(errors="replace")[:2000]


def fuzz(cases: int, seed: int, run_every: int, keep: Path) -> Tally:
    """Run `cases` cases; a case that fails is written to `keep` before the error goes on."""
    tally = Tally()
    names, targets = list(CASES), list(TARGETS)
    with tempfile.TemporaryDirectory(prefix="tinydf-fuzz-") as scratch:
        kernels = build_kernels(Path(scratch))
        for number in range(cases):
            random = np.random.default_rng((seed, number))
            model = mutated(random, CASES[names[number % len(names)]](random))
            try:
                with time_limit(SECONDS_PER_CASE):
                    compiled = compile_model(model, target=targets[int(random.integers(len(targets)))])
                tally.compiled += 1
                if tally.compiled % run_every == 0 and compiled.arena_bytes + compiled.plan.macs < LARGEST_RUN:
                    build_and_run(compiled, kernels, Path(scratch), random)
                    tally.run += 1
            except TinydfError:
                tally.refused += 1
            except BaseException:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"case-{seed}-{number}.tflite").write_bytes(model)
                raise
    return tally


def main() -> None:
    """Fuzz from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run-every", type=int, default=100, help="build and run every nth that compiles")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="where a failing case is written")
    arguments = parser.parse_args()
    tally = fuzz(arguments.cases, arguments.seed, arguments.run_every, arguments.keep)
    print(f"{arguments.cases} cases: {tally.refused} refused, {tally.compiled} compiled, {tally.run} of them run")


if __name__ == "__main__":
    sys.exit(main())

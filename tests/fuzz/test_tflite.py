"""A short run of the fuzzer; `make fuzz` has the long one."""

from pathlib import Path

from tests.fuzz.tflite import Fuzz, build_kernels, fuzz


def test_mutated_models_compile_or_give_one_error(tmp_path: Path) -> None:
    tally = fuzz(Fuzz(seed=1, run_every=30, keep=tmp_path), first=0, cases=500, kernels=build_kernels(tmp_path))
    assert not tally.failures
    assert tally.refused > 150
    assert tally.compiled > 100
    assert tally.run > 2

"""A short run of the fuzzer; `make fuzz` has the long one."""

from pathlib import Path

from tests.fuzz.tflite import fuzz


def test_mutated_models_compile_or_give_one_error(tmp_path: Path) -> None:
    tally = fuzz(cases=2000, seed=1, run_every=20, keep=tmp_path)
    assert tally.refused > 400
    assert tally.compiled > 300
    assert tally.run > 5

# SPDX-License-Identifier: Apache-2.0
"""plan.json: written and read as one schema; files of older versions are read too; importing it brings no compiler."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.cases import CASES
from tinydf.artefacts.plan import FILE, Plan, read_plan
from tinydf.compiler import compile_model, write_compiled
from tinydf.errors import TinydfError


@pytest.fixture(scope="module")
def plan() -> Plan:
    return compile_model(CASES["wide_cascade"](np.random.default_rng(4))).plan


def test_written_and_read(plan: Plan, tmp_path: Path) -> None:
    write_compiled(compile_model(CASES["wide_cascade"](np.random.default_rng(4))), tmp_path)
    assert read_plan(tmp_path) == plan
    assert any(layer.stripe_rows for layer in plan.layers)


def test_a_plan_that_says_band_is_read(plan: Plan, tmp_path: Path) -> None:
    text = plan.model_dump_json().replace('"stripe_rows"', '"band"')
    (tmp_path / FILE).write_text(text)
    assert '"band"' in text and read_plan(tmp_path) == plan


def test_a_damaged_plan_is_one_line(plan: Plan, tmp_path: Path) -> None:
    damaged = json.loads(plan.model_dump_json())
    del damaged["target"]
    (tmp_path / FILE).write_text(json.dumps(damaged))
    with pytest.raises(TinydfError, match=r"plan.json: target: Field required: .*tinydf compile"):
        read_plan(tmp_path)


def test_reading_a_plan_brings_no_compiler() -> None:
    loaded = "[name for name in sys.modules if name.startswith(('numpy', 'tinydf.compiler'))]"
    code = f"import sys, tinydf.artefacts.plan; print({loaded})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

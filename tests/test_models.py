# SPDX-License-Identifier: Apache-2.0
"""The detectors published under models/: what lies there fits together, and can be used at once."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.command import succeed
from tinydf.artefacts.manifest import MODEL, read_export
from tinydf.compiler.host import HostEngine
from tinydf.compiler.host.interpreter import Interpreter
from tinydf.files import sha256_file
from tinydf.resources import MODELS
from tinydf.train.run import load_run

PUBLISHED = sorted(path.parent for path in MODELS.glob(f"*/{MODEL}"))
SMALL = 64 << 10


def test_at_least_two_are_published_and_one_is_small() -> None:
    assert len(PUBLISHED) >= 2
    assert any((directory / MODEL).stat().st_size <= SMALL for directory in PUBLISHED)


@pytest.mark.parametrize("directory", PUBLISHED, ids=lambda path: path.name)
def test_files_are_of_one_run(directory: Path) -> None:
    manifest = read_export(directory)
    _, recipe, metrics = load_run(directory)
    assert manifest.name == recipe.name == directory.name
    assert manifest.preprocess == recipe.preprocess
    assert manifest.chain.weights == metrics.weights_sha256 == sha256_file(directory / "weights.safetensors")
    assert manifest.chain.dataset == metrics.dataset_sha256
    assert 0 <= metrics.threshold - manifest.decision.threshold < manifest.output.scale
    card = (directory / "README.md").read_text(encoding="utf-8")
    assert manifest.chain.tflite[:16] in card, "the card says which model it speaks of"


@pytest.mark.export
@pytest.mark.parametrize("directory", PUBLISHED, ids=lambda path: path.name)
def test_one_command_makes_an_export_with_tflms_bytes(directory: Path, tmp_path: Path) -> None:
    out = tmp_path / "export"
    said = json.loads(succeed("export", "--int8", directory / MODEL, "--out", out, "--json"))
    published, manifest = read_export(directory), read_export(out)
    assert said["manifest"] == manifest.model_dump(mode="json")
    assert manifest == published
    engine = HostEngine(out)
    if (directory / MODEL).stat().st_size <= SMALL:
        assert engine.arena_bytes <= SMALL
    inputs = np.random.default_rng(1).integers(-128, 128, (4, *engine.input_shape)).astype(np.int8)
    expected = Interpreter((directory / MODEL).read_bytes()).run(inputs)
    np.testing.assert_array_equal(engine.run(inputs).reshape(expected.shape), expected)

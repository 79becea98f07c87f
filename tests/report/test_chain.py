# SPDX-License-Identifier: Apache-2.0
"""Each link of the hash chain: what does not belong to the rest is named, with what it does not fit."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.report.conftest import Places
from tinydf.errors import TinydfError
from tinydf.files import sha256_file

pytestmark = pytest.mark.export


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def edit_header(path: Path, **changes: str) -> None:
    header, rest = path.read_text().split("\n", 1)
    path.write_text(json.dumps({**json.loads(header), **changes}) + "\n" + rest)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_what_belongs_together_is_seven_links(places: Places) -> None:
    chain = places.read().chain
    files = [places.data / "dataset.json", places.run / "weights.safetensors"]
    files += [places.export / name for name in ("model.onnx", "model.tflite", "model_aot.c")]
    files += [places.firmware / "firmware.elf", places.bench / "bench.jsonl"]
    assert [(link.file, link.sha256) for link in chain] == [(path.name, sha256_file(path)) for path in files]


SPOILT: dict[str, tuple[Callable[[Places], object], str]] = {
    "another data set": (
        lambda at: edit(at.data / "dataset.json", lambda value: value.update(name="other")),
        "{run} was not made from {data}",
    ),
    "another run": (
        lambda at: append(at.run / "weights.safetensors", b"\0"),
        "{run}/metrics.json was not made from {run}/weights.safetensors",
    ),
    "an export of another run": (
        lambda at: edit(at.export / "manifest.json", lambda value: value["chain"].update(weights="0" * 64)),
        "{export} was not made from {run}",
    ),
    "an export of another data set": (
        lambda at: edit(at.export / "manifest.json", lambda value: value["chain"].update(dataset="0" * 64)),
        "{export} was not made from {data}",
    ),
    "another ONNX": (
        lambda at: append(at.export / "model.onnx", b"\0"),
        "{export}/model.tflite was not made from {export}/model.onnx",
    ),
    "another TFLite": (
        lambda at: append(at.export / "model.tflite", b"\0"),
        "{export}/model.tflite is not the model that {export}/manifest.json speaks of",
    ),
    "C that was edited": (
        lambda at: append(at.export / "model_aot.c", b"//\n"),
        "{firmware} was not made from {export}/model_aot.c",
    ),
    "a plan of another model": (
        lambda at: edit(at.export / "plan.json", lambda value: value.update(model_sha256="0" * 64)),
        "{export}/plan.json was not made from {export}/model.tflite",
    ),
    "firmware of another model": (
        lambda at: edit(at.firmware / "build.json", lambda value: value.update(model="0" * 64)),
        "{firmware} was not made from {export}",
    ),
    "an image that was edited": (
        lambda at: append(at.firmware / "firmware.elf", b"\0"),
        "{firmware}/firmware.elf is not the file that {firmware}/build.json speaks of",
    ),
    "a bench of another data set": (
        lambda at: edit_header(at.bench / "bench.jsonl", dataset_sha256="0" * 64),
        "{bench} was not made from {data}",
    ),
    "a bench of another export": (
        lambda at: edit_header(at.bench / "bench.jsonl", manifest_sha256="0" * 64),
        "{bench} was not made from {export}",
    ),
    "a bench of another model": (
        lambda at: edit_header(at.bench / "bench.jsonl", model_sha256="0" * 64),
        "{bench} was not made from {export}/model.tflite",
    ),
    "a bench of another build": (
        lambda at: edit_header(at.bench / "bench.jsonl", build_id="0" * 64),
        "{bench} was not made from {firmware}",
    ),
    "figures of another journal": (
        lambda at: edit(at.bench / "bench.json", lambda value: value.update(journal_sha256="0" * 64)),
        "{bench}/bench.json was not made from {bench}/bench.jsonl",
    ),
    "no weights": (lambda at: (at.run / "weights.safetensors").unlink(), "{run}/weights.safetensors does not exist"),
    "no bench": (lambda at: (at.bench / "bench.json").unlink(), "{bench}/bench.json does not exist"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_does_not_belong_to_the_rest_is_refused_by_name(what: str, places: Places, tmp_path: Path) -> None:
    spoil, message = SPOILT[what]
    copies = places.copy(tmp_path)
    copies.read()
    spoil(copies)
    with pytest.raises(TinydfError, match=re.escape(message.format(**vars(copies)))):
        copies.read()


def test_a_baseline_of_another_data_set_is_refused(places: Places, tmp_path: Path) -> None:
    baseline = places.copy(tmp_path).run
    edit(baseline / "metrics.json", lambda value: value.update(dataset_sha256="0" * 64))
    with pytest.raises(TinydfError, match=re.escape(f"{baseline} was not made from {places.data}")):
        places.read(baseline)

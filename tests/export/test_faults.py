# SPDX-License-Identifier: Apache-2.0
"""Bad inputs, a full disk, Ctrl-C: one line, and an older export as it was."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.data.synthetic import tiny_dataset
from tinydf.artefacts.manifest import read_export
from tinydf.artefacts.parity import LIMITS, Limits
from tinydf.errors import TinydfError
from tinydf.export import onnx
from tinydf.export.run import export_run
from tinydf.export.tflite import MAX_BYTES, Int8Model
from tinydf.export.tflm import measure_arena
from tinydf.export.tflm_sources import resolver_method
from tinydf.files import sha256_file

TINYDF = [sys.executable, "-m", "tinydf.cli"]


@pytest.fixture
def older(tiny_export: Path, tmp_path: Path) -> Iterator[Path]:
    """An export directory that must outlive all that the test does, with nothing new beside it."""
    directory = tmp_path / "out" / "export"
    shutil.copytree(tiny_export, directory)
    yield directory
    assert hashes(directory) == hashes(tiny_export)
    assert list(directory.parent.iterdir()) == [directory]


def hashes(directory: Path) -> dict[str, str]:
    return {one.name: sha256_file(one) for one in directory.iterdir()}


def refused(source: Path, data: Path | None, out: Path, why: str) -> None:
    with pytest.raises(TinydfError, match=why) as caught:
        export_run(source, data, out)
    assert "\n" not in str(caught.value)


def test_missing_source(tmp_path: Path, older: Path) -> None:
    refused(tmp_path / "nothing", None, older, "nothing does not exist")


def test_file_of_another_kind(tiny_run: Path, tiny_data: Path, older: Path) -> None:
    refused(tiny_run / "weights.safetensors", tiny_data, older, "is neither a run nor a model")


def test_directory_that_is_no_run(tmp_path: Path, tiny_data: Path, older: Path) -> None:
    refused(tmp_path, tiny_data, older, "metrics.json does not exist")


def test_missing_data(tiny_run: Path, tmp_path: Path, older: Path) -> None:
    refused(tiny_run, None, older, "give a data set with --data")
    refused(tiny_run, tmp_path / "nothing", older, "dataset.json does not exist")


def test_data_that_the_run_was_not_trained_on(tiny_run: Path, tmp_path: Path, older: Path) -> None:
    refused(tiny_run, tiny_dataset(tmp_path / "other", pairs=4), older, "was not trained on")


def test_a_directory_of_something_else_is_not_replaced(tiny_export: Path, tiny_run: Path) -> None:
    before = hashes_of_files(tiny_run)
    refused(tiny_export / "model.tflite", None, tiny_run, "is not an export directory")
    assert hashes_of_files(tiny_run) == before


def hashes_of_files(directory: Path) -> dict[str, str]:
    return {one.name: sha256_file(one) for one in directory.iterdir() if one.is_file()}


@pytest.mark.parametrize("part", [0.0, 0.0001, 0.1, 0.5, 0.9, 0.999])
def test_tflite_cut_short(part: float, tiny_export: Path, tmp_path: Path, older: Path) -> None:
    whole = (tiny_export / "model.tflite").read_bytes()
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(whole[: int(len(whole) * part)])
    refused(cut, None, older, r"cut\.tflite: not a ")


def test_float_tflite(tiny_export: Path, older: Path) -> None:
    refused(tiny_export / "model_float.tflite", None, older, "tensor 0 .* is float32")


@pytest.mark.parametrize("suffix", ["tflite", "onnx"])
def test_huge_file(suffix: str, tmp_path: Path, tiny_data: Path, older: Path) -> None:
    huge = tmp_path / f"huge.{suffix}"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    refused(huge, tiny_data, older, "is larger than 64 MiB")


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.999])
def test_onnx_cut_short(part: float, tiny_export: Path, tmp_path: Path, tiny_data: Path, older: Path) -> None:
    whole = (tiny_export / "model.onnx").read_bytes()
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(whole[: int(len(whole) * part)])
    refused(cut, tiny_data, older, r"cut\.onnx ")


def test_onnx_that_is_no_detector(tmp_path: Path, tiny_data: Path, older: Path) -> None:
    import torch

    (tmp_path / "three.onnx").write_bytes(
        onnx.to_onnx(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 3)), 16)
    )
    refused(tmp_path / "three.onnx", tiny_data, older, r"maps \[1, 3, 16, 16\] to \[1, 3\]")


def test_damaged_tflite_never_crashes(tiny_export: Path) -> None:
    whole = (tiny_export / "model.tflite").read_bytes()
    random = np.random.default_rng(0)
    outcomes = set()
    for flips in [1, 1, 1, 1, 1, 1, 4, 4, 4, 4, 4, 4, 16, 16, 16, 64, 64, 64, 1000]:
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), flips):
            damaged[place] = random.integers(256)
        try:
            Int8Model(bytes(damaged), "damaged")
            measure_arena(bytes(damaged), "damaged")
            outcomes.add("runs")
        except TinydfError as error:
            assert "damaged" in str(error)
            outcomes.add("refused")
    assert outcomes == {"runs", "refused"}


def test_stage_outside_its_limits(
    tiny_run: Path, tiny_data: Path, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, "onnx", Limits(largest_error=1e-12, agreement=1, accuracy_loss=0))
    refused(tiny_run, tiny_data, older, "stage onnx differs too much .* more than 1e-12")


def test_full_disk(tiny_export: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    size = sum(one.stat().st_size for one in tiny_export.iterdir()) * 3 // 2
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("only root can mount a small file system")
    try:
        shutil.copytree(tiny_export, small / "export")
        before = hashes(small / "export")
        source = str(tiny_export / "model.tflite")
        done = subprocess.run(
            [*TINYDF, "export", "--int8", source, "--out", str(small / "export")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].endswith("No space left on device")
        assert "Traceback" not in done.stderr
        assert hashes(small / "export") == before
        assert [one.name for one in small.iterdir()] == ["export"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.export
@pytest.mark.slow
def test_interrupted_in_the_conversion(tiny_run: Path, tiny_data: Path, tmp_path: Path, older: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [*TINYDF, "export", "--int8", str(tiny_run), "--data", str(tiny_data), "--out", str(older)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(scratch)},
    )
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "onnx2tf" in line:
            os.killpg(process.pid, signal.SIGINT)
            os.killpg(process.pid, signal.SIGINT)  # of a person who does not like to wait
    assert process.wait() == 130, "".join(said)
    assert said[-1] == "tinydf: interrupted\n"
    assert "Traceback" not in "".join(said)
    assert list(scratch.iterdir()) == []


def test_missing_export_and_changed_model(tiny_export: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_export, tmp_path / "export")
    with (tmp_path / "export" / "model.tflite").open("ab") as model:
        model.write(b"\0")
    with pytest.raises(TinydfError, match="is not the model that"):
        read_export(tmp_path / "export")


@pytest.mark.parametrize(
    ("operator", "method"),
    [
        ("CONV_2D", "AddConv2D"),
        ("DEPTHWISE_CONV_2D", "AddDepthwiseConv2D"),
        ("LOGISTIC", "AddLogistic"),
        ("RELU6", "AddRelu6"),
        ("RESIZE_NEAREST_NEIGHBOR", "AddResizeNearestNeighbor"),
        ("PADV2", "AddPadV2"),
        ("BATCH_MATMUL", "AddBatchMatMul"),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", "AddUnidirectionalSequenceLSTM"),
    ],
)
def test_names_of_the_resolver(operator: str, method: str) -> None:
    assert resolver_method(operator) == method

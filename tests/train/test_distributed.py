# SPDX-License-Identifier: Apache-2.0
"""Two processes train what one trains: the same batches, statistics and steps, up to the order of sums."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from tests.train.conftest import RECIPE
from tinydf.artefacts.run import CHECKPOINT, METRICS, WEIGHTS
from tinydf.train.distributed import SharedBatchNorm2d, synchronise


@pytest.fixture(scope="module")
def recipe_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short epochs without dropout, which each process would draw for itself."""
    path = tmp_path_factory.mktemp("recipe") / "shared.toml"
    text = RECIPE.replace("epochs = 6", "epochs = 2").replace("crops = 12", "crops = 3")
    path.write_text(text.replace("dropout = 0.1", "dropout = 0.0").replace("rate = 0.01", "rate = 0.002"))
    return path


def train(out: Path, processes: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`tinydf train` by one process, or by several under torchrun."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    launcher = [sys.executable, *(torchrun if processes > 1 else [])]
    command: list[str | Path] = [*launcher, "-m", "tinydf", "train", "--json", "--out", out]
    return subprocess.run(
        [*command, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, data: Path, recipe_path: Path) -> Path:
    """A run of one process."""
    out = tmp_path_factory.mktemp("runs") / "one"
    train(out, 1, recipe_path, "--data", data)
    return out


def learned(run: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(run / CHECKPOINT, weights_only=True)["model"]
    return state


@pytest.mark.slow
def test_two_processes_train_what_one_trains(tmp_path: Path, data: Path, recipe_path: Path, one: Path) -> None:
    two = tmp_path / "two"
    done = train(two, 2, recipe_path, "--data", data)
    assert json.loads(done.stdout) == json.loads((two / METRICS).read_text())
    assert "Warning" not in done.stderr

    alone, shared = learned(one), learned(two)
    assert alone.keys() == shared.keys() == load_file(one / WEIGHTS).keys()
    for name, value in alone.items():  # they differ by 2e-5; by 5e-3 and more where statistics are not shared
        assert torch.allclose(shared[name].double(), value.double(), rtol=1e-2, atol=1e-4), name


@pytest.mark.slow
def test_two_processes_refine_in_int8_what_one_refines(
    tmp_path: Path, data: Path, recipe_path: Path, one: Path
) -> None:
    runs = [tmp_path / str(processes) for processes in (1, 2)]
    for processes, out in enumerate(runs, 1):
        train(out, processes, recipe_path, "--data", data, "--init", one, "--qat", "--epochs", "1")
    alone, shared = map(learned, runs)
    assert alone.keys() == shared.keys() > {"low", "high"}
    for name, value in alone.items():  # a weight on the edge of a step may round either way
        assert torch.allclose(shared[name].double(), value.double(), rtol=1e-2, atol=1e-3), name


def test_shared_statistics_of_one_process_are_those_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.distributed.all_reduce", lambda _: None)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    images = torch.randn(5, 3, 9, 9, generator=torch.Generator().manual_seed(0)) + 3
    expected = model(images)
    expected.square().sum().backward()
    gradients = {name: value.grad.clone() for name, value in model.named_parameters()}
    model.zero_grad()
    statistics = {name: value.clone() for name, value in model.state_dict().items()}
    model[1].reset_running_stats()
    synchronise(model, torch.device("cpu"))
    assert isinstance(model[1], SharedBatchNorm2d)
    found = model(images)
    assert torch.allclose(found, expected, atol=1e-5)
    found.square().sum().backward()
    for name, value in model.named_parameters():
        assert torch.allclose(value.grad, gradients[name], rtol=1e-4, atol=1e-3), name
    assert model.state_dict().keys() == statistics.keys()
    for name, value in model.state_dict().items():
        assert torch.allclose(value, statistics[name], atol=1e-5), name
    assert torch.allclose(model.eval()(images), nn.functional.relu(model[1](model[0](images))))

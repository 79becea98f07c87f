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
from tinydf.train.place import SharedBatchNorm2d, synchronise
from tinydf.train.run import CHECKPOINT, METRICS, WEIGHTS


@pytest.fixture(scope="module")
def recipe_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short epochs without dropout, which each process would draw for itself."""
    path = tmp_path_factory.mktemp("recipe") / "shared.toml"
    text = RECIPE.replace("epochs = 6", "epochs = 2").replace("crops = 12", "crops = 3")
    path.write_text(text.replace("dropout = 0.1", "dropout = 0.0").replace("rate = 0.01", "rate = 0.002"))
    return path


@pytest.mark.slow
def test_two_processes_train_what_one_trains(tmp_path: Path, data: Path, recipe_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    arguments = ["-m", "tinydf", "train", str(recipe_path), "--data", str(data), "--json", "--out"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *arguments, str(one)], check=True, capture_output=True, env=environment)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, *arguments, str(two)], check=True, capture_output=True, text=True, env=environment
    )
    assert json.loads(done.stdout) == json.loads((two / METRICS).read_text())
    assert "Warning" not in done.stderr

    alone, shared = (torch.load(out / CHECKPOINT, weights_only=True)["model"] for out in (one, two))
    fresh = load_file(one / WEIGHTS)
    assert alone.keys() == shared.keys() == fresh.keys()
    for name, value in alone.items():  # they differ by 2e-5; by 5e-3 and more where statistics are not shared
        assert torch.allclose(shared[name].double(), value.double(), rtol=1e-2, atol=1e-4), name


def test_shared_statistics_of_one_process_are_those_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.distributed.all_reduce", lambda _: None)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    images = torch.randn(5, 3, 9, 9, generator=torch.Generator().manual_seed(0)) + 3
    expected = model(images)
    statistics = {name: value.clone() for name, value in model.state_dict().items()}
    model[1].reset_running_stats()
    synchronise(model, torch.device("cpu"))
    assert isinstance(model[1], SharedBatchNorm2d)
    assert torch.allclose(model(images), expected, atol=1e-5)
    assert model.state_dict().keys() == statistics.keys()
    for name, value in model.state_dict().items():
        assert torch.allclose(value, statistics[name], atol=1e-5), name
    assert torch.allclose(model.eval()(images), nn.functional.relu(model[1](model[0](images))))

# SPDX-License-Identifier: Apache-2.0
"""Pre-training: it runs, repeats, resumes bit for bit, says when it has collapsed, and training goes on from it."""

import json
import shutil
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from torch import Tensor

from tinydf import ssl
from tinydf.artefacts.run import CHECKPOINT, WEIGHTS
from tinydf.cli.main import main
from tinydf.data.dataset import Dataset
from tinydf.data.shards import ShardedSplit
from tinydf.errors import TinydfError
from tinydf.files import sha256_file
from tinydf.train import pretrain as module
from tinydf.train.batches import TrainingSplit
from tinydf.train.loop import train
from tinydf.train.pretrain import Pretrained, pretrain
from tinydf.train.recipe import Recipe, override, override_pretraining
from tinydf.train.run import load_run
from tinydf.train.views import view_batches


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, recipe: Recipe) -> Path:
    out = tmp_path_factory.mktemp("pretrained") / "simclr"
    pretrain(recipe, tiny_data, out)
    return out


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of the third epoch, once."""
    pressed: list[bool] = []

    def interrupted(split: TrainingSplit, recipe: Recipe, epoch: int) -> Generator[tuple[Tensor, Tensor], None, None]:
        for number, batch in enumerate(view_batches(split, recipe, epoch)):
            if (epoch, number) == (2, 1) and not pressed:
                pressed.append(True)
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(module, "view_batches", interrupted)


@pytest.mark.slow
@pytest.mark.parametrize("method", ssl.METHODS)
@pytest.mark.usefixtures("interrupt")
def test_interrupted_it_resumes_to_the_same_weights(
    method: str, tmp_path: Path, tiny_data: Path, recipe: Recipe
) -> None:
    followed = override_pretraining(recipe, method=method)
    with pytest.raises(KeyboardInterrupt):
        pretrain(followed, tiny_data, tmp_path / "resumed")
    assert not (tmp_path / "resumed" / WEIGHTS).exists()
    with pytest.raises(TinydfError, match="holds an interrupted run: --resume continues it"):
        pretrain(followed, tiny_data, tmp_path / "resumed")
    resumed = pretrain(followed, tiny_data, tmp_path / "resumed", resume=True)
    whole = pretrain(followed, tiny_data, tmp_path / "whole")
    assert resumed.weights_sha256 == whole.weights_sha256 == sha256_file(tmp_path / "whole" / WEIGHTS)
    assert (resumed.loss, resumed.rank) == (whole.loss, whole.rank)


def test_the_record_says_what_was_done(pretrained: Path, tiny_data: Path, recipe: Recipe) -> None:
    record = Pretrained.model_validate_json((pretrained / Pretrained.file).read_bytes())
    assert record.dataset_sha256 == Dataset(tiny_data).sha256
    assert record.weights_sha256 == sha256_file(pretrained / WEIGHTS)
    assert (record.method, record.epochs, record.images) == ("simclr", 3, 16)
    assert record.rank > 2 and record.deviation > 0.05
    assert not any(name.startswith("classifier") for name in load_file(pretrained / WEIGHTS))
    assert pretrain(recipe, tiny_data, pretrained, resume=True) == record
    assert any((pretrained / "log").iterdir())


def test_labels_are_not_read(
    pretrained: Path, tmp_path: Path, tiny_data: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all labels alike the weights are the same."""
    monkeypatch.setattr(ShardedSplit, "labels", np.zeros(16, np.int64))
    pretrain(recipe, tiny_data, tmp_path / "blind")
    assert sha256_file(tmp_path / "blind" / WEIGHTS) == sha256_file(pretrained / WEIGHTS)


def test_collapse_is_an_error_and_leaves_no_weights(tmp_path: Path, tiny_data: Path, recipe: Recipe) -> None:
    """Such a weight decay pulls all embeddings to their bias."""
    ruinous = recipe.pretraining.model_copy(update={"learning_rate": 1.0, "weight_decay": 1.0, "epochs": 6})
    with pytest.raises(TinydfError, match=r"simclr collapsed: .*: take a larger batch"):
        pretrain(recipe.model_copy(update={"pretraining": ruinous}), tiny_data, tmp_path / "run")
    assert not (tmp_path / "run" / WEIGHTS).exists()
    assert not (tmp_path / "run" / Pretrained.file).exists()


def test_fine_tuning_begins_with_its_weights(pretrained: Path, tmp_path: Path, tiny_data: Path, recipe: Recipe) -> None:
    metrics = train(recipe, tiny_data, tmp_path / "tuned", initial=pretrained)
    assert metrics.initial_sha256 == sha256_file(pretrained / WEIGHTS)
    fresh = train(recipe, tiny_data, tmp_path / "fresh")
    assert fresh.initial_sha256 is None
    assert fresh.weights_sha256 != metrics.weights_sha256


def test_a_probe_moves_the_last_layer_alone(pretrained: Path, tmp_path: Path, tiny_data: Path, recipe: Recipe) -> None:
    train(override(recipe, probe=True), tiny_data, tmp_path / "probe", initial=pretrained)
    features, probed = load_file(pretrained / WEIGHTS), load_file(tmp_path / "probe" / WEIGHTS)
    assert all(torch.equal(probed[name], value) for name, value in features.items())
    assert probed.keys() - features.keys() == {"classifier.weight", "classifier.bias"}
    load_run(tmp_path / "probe")


def test_a_probe_without_features_is_refused(tmp_path: Path, tiny_data: Path, recipe: Recipe) -> None:
    with pytest.raises(TinydfError, match="a linear probe needs features to probe: give --init"):
        train(override(recipe, probe=True), tiny_data, tmp_path / "probe")


def test_weights_of_another_detector_are_refused(
    pretrained: Path, tmp_path: Path, tiny_data: Path, recipe: Recipe
) -> None:
    wider = recipe.detector.model_copy(update={"options": {**recipe.detector.options, "alpha": 1.0}})
    with pytest.raises(TinydfError, match=r"blocks\.0.* where the recipe's detector has"):
        train(recipe.model_copy(update={"detector": wider}), tiny_data, tmp_path / "run", initial=pretrained)
    with pytest.raises(
        TinydfError, match=r"weights\.safetensors does not exist: give a directory of `tinydf pretrain`"
    ):
        train(recipe, tiny_data, tmp_path / "run", initial=tmp_path)
    assert not (tmp_path / "run").exists()


def test_another_method_is_another_pretraining(
    pretrained: Path, tmp_path: Path, tiny_data: Path, recipe: Recipe
) -> None:
    copy = Path(shutil.copytree(pretrained, tmp_path / "copy"))
    (copy / Pretrained.file).unlink()
    other = recipe.model_copy(update={"pretraining": recipe.pretraining.model_copy(update={"noise": 0.9})})
    with pytest.raises(TinydfError, match="of another recipe, seed or data set"):
        pretrain(other, tiny_data, copy, resume=True)
    assert (copy / CHECKPOINT).exists()


def test_the_command_prints_json_and_one_line_of_error(tmp_path: Path, tiny_data: Path, recipe_path: Path) -> None:
    arguments = ["pretrain", str(recipe_path), "--data", str(tiny_data), "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(main, [*arguments, "--json", "--epochs", "1"])
    assert json.loads(done.stdout)["epochs"] == 1, done.output
    unknown = CliRunner().invoke(main, [*arguments, "--method", "florb"])
    assert str(unknown.exception) == f"method 'florb' is not known: choose one of {', '.join(ssl.METHODS)}"

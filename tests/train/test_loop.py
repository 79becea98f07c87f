# SPDX-License-Identifier: Apache-2.0
"""Training itself: it learns, it repeats, it resumes to the same weights, and it refuses what is not its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]
from tensorboard.compat.tensorflow_stub.errors import OutOfRangeError  # type: ignore[import-untyped]
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New  # type: ignore[import-untyped]

from tinydf.artefacts.preprocess import Preprocess
from tinydf.artefacts.run import CHECKPOINT, METRICS, WEIGHTS
from tinydf.data.dataset import Dataset
from tinydf.errors import TinydfError
from tinydf.files import sha256_file
from tinydf.train.loop import train
from tinydf.train.recipe import Recipe, read_recipe
from tinydf.train.run import load_run, lock


def test_a_run_is_whole_and_has_learned(finished: Path, data: Path, recipe: Recipe) -> None:
    model, followed, metrics = load_run(finished)
    assert followed == recipe
    assert metrics.dataset_sha256 == Dataset(data).sha256
    assert metrics.weights_sha256 == sha256_file(finished / WEIGHTS)
    assert set(metrics.validation) == {"pre_social", "facebook", "telegram", "x"}
    assert (metrics.validation["pre_social"].auc or 0) > 0.8
    assert not model.training
    assert model(torch.zeros(1, 3, 96, 96)).shape == (1, 2)


def test_the_log_has_every_epoch(finished: Path, recipe: Recipe) -> None:
    (path,) = (finished / "log").iterdir()
    reader = PyRecordReader_New(str(path))
    events = []
    while True:
        try:
            reader.GetNext()
        except OutOfRangeError:
            break
        events.append(Event.FromString(reader.record()))
    steps = [event.step for event in events if event.HasField("summary")]
    assert steps == list(range(1, recipe.training.epochs + 1))
    assert {value.tag for value in events[-1].summary.value} == {
        "loss/training",
        "loss/validation",
        "learning_rate",
        "accuracy/validation",
    }


def test_the_same_seed_gives_the_same_weights_and_another_does_not(
    finished: Path, tmp_path: Path, data: Path, recipe: Recipe
) -> None:
    train(recipe, data, tmp_path / "again")
    other = recipe.model_copy(update={"training": recipe.training.model_copy(update={"seed": 1})})
    train(other, data, tmp_path / "other")
    assert sha256_file(tmp_path / "again" / WEIGHTS) == sha256_file(finished / WEIGHTS)
    assert sha256_file(tmp_path / "other" / WEIGHTS) != sha256_file(finished / WEIGHTS)


def test_bfloat16_computes_otherwise_and_keeps_whole_weights(
    finished: Path, tmp_path: Path, data: Path, recipe: Recipe
) -> None:
    half = recipe.model_copy(update={"training": recipe.training.model_copy(update={"precision": "bfloat16"})})
    metrics = train(half, data, tmp_path / "half")
    weights, whole = (load_file(run / "weights.safetensors") for run in (tmp_path / "half", finished))
    assert all(value.dtype == whole[name].dtype for name, value in weights.items())
    assert any(not torch.equal(value, whole[name]) for name, value in weights.items())
    assert (metrics.validation["pre_social"].auc or 0) > 0.8


@pytest.mark.slow
def test_interrupted_in_an_epoch_it_resumes_to_the_same_weights(
    finished: Path, tmp_path: Path, data: Path, recipe_path: Path
) -> None:
    """Ctrl-C as a user presses it, between two checkpoints."""
    out = tmp_path / "run"
    command = [sys.executable, "-m", "tinydf.cli", "train", str(recipe_path), "--data", str(data), "--out", str(out)]
    threads = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=threads)
    deadline = time.monotonic() + 120
    while not (out / CHECKPOINT).exists():
        assert running.poll() is None and time.monotonic() < deadline, running.communicate()
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "--resume continues after the last whole epoch" in said
    assert "Traceback" not in said
    assert not (out / METRICS).exists()
    assert not list(out.glob(".*partial*"))

    done = subprocess.run([*command, "--resume", "--json"], capture_output=True, text=True, check=True, env=threads)
    assert json.loads(done.stdout)["weights_sha256"] == sha256_file(out / WEIGHTS)
    resumed, whole = load_file(out / WEIGHTS), load_file(finished / WEIGHTS)
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_a_finished_run_is_not_overwritten(finished: Path, tmp_path: Path, data: Path, recipe: Recipe) -> None:
    before = sha256_file(finished / WEIGHTS)
    with pytest.raises(TinydfError, match="holds a finished run: --resume continues it, --force replaces it"):
        train(recipe, data, finished)
    assert train(recipe, data, finished, resume=True).weights_sha256 == before
    other = recipe.model_copy(update={"name": "other"})
    with pytest.raises(TinydfError, match="another recipe, seed or data set"):
        train(other, data, finished, resume=True)
    copy = shutil.copytree(finished, tmp_path / "copy")
    short = recipe.model_copy(update={"training": recipe.training.model_copy(update={"epochs": 1})})
    assert train(short, data, copy, force=True).epochs == 1


def _interrupted(finished: Path, tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    (copy / METRICS).unlink()
    return copy


def test_an_interrupted_run_wants_resume_or_force(finished: Path, tmp_path: Path, data: Path, recipe: Recipe) -> None:
    with pytest.raises(TinydfError, match="holds an interrupted run"):
        train(recipe, data, _interrupted(finished, tmp_path))


def test_two_trainings_do_not_share_a_directory(finished: Path, tmp_path: Path, data: Path, recipe: Recipe) -> None:
    out = _interrupted(finished, tmp_path)
    before = (out / CHECKPOINT).read_bytes()
    with lock(out):
        for resume, force in ((True, False), (False, True)):
            with pytest.raises(TinydfError, match=r"another training is at work in .*: let it end"):
                train(recipe, data, out, resume=resume, force=force)
    assert (out / CHECKPOINT).read_bytes() == before
    assert train(recipe, data, out, resume=True).epochs == recipe.training.epochs


@pytest.mark.parametrize("kept", [0, 100, 0.5])
def test_a_damaged_checkpoint_is_one_line(
    finished: Path, tmp_path: Path, data: Path, recipe: Recipe, kept: float
) -> None:
    copy = _interrupted(finished, tmp_path)
    whole = (copy / CHECKPOINT).read_bytes()
    (copy / CHECKPOINT).write_bytes(whole[: int(kept * len(whole)) if kept < 1 else int(kept)])
    with pytest.raises(TinydfError, match=r"checkpoint\.pt is damaged: .*start over with --force") as error:
        train(recipe, data, copy, resume=True)
    assert "\n" not in str(error.value)


def test_a_checkpoint_of_another_training_is_refused(
    finished: Path, tmp_path: Path, data: Path, recipe: Recipe
) -> None:
    other = recipe.model_copy(update={"training": recipe.training.model_copy(update={"seed": 9})})
    with pytest.raises(TinydfError, match="of another recipe, seed or data set"):
        train(other, data, _interrupted(finished, tmp_path), resume=True)


class Evil:
    """Creates a file when a pickle that holds it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_checkpoint_executes_nothing(finished: Path, tmp_path: Path, data: Path, recipe: Recipe) -> None:
    copy = _interrupted(finished, tmp_path)
    torch.save({"identity": Evil(tmp_path / "executed")}, copy / CHECKPOINT)
    with pytest.raises(TinydfError, match="is damaged"):
        train(recipe, data, copy, resume=True)
    assert not (tmp_path / "executed").exists()


def test_weights_of_another_shape_are_named(finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    text = (copy / "recipe.toml").read_text().replace("alpha = 0.5", "alpha = 1.0")
    (copy / "recipe.toml").write_text(text)
    assert read_recipe(copy / "recipe.toml").detector.options["alpha"] == 1.0
    with pytest.raises(TinydfError, match=r"blocks\.0\..* where the recipe's detector has .*another recipe"):
        load_run(copy)


def test_damaged_or_foreign_weights_are_refused(finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    whole = (copy / WEIGHTS).read_bytes()
    (copy / WEIGHTS).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TinydfError, match="is damaged"):
        load_run(copy)
    (copy / WEIGHTS).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(TinydfError, match="are not the weights"):
        load_run(copy)
    (copy / WEIGHTS).unlink()
    with pytest.raises(TinydfError, match="does not exist"):
        load_run(copy)


def test_missing_data_leaves_nothing(tmp_path: Path, recipe: Recipe) -> None:
    with pytest.raises(TinydfError, match="does not exist"):
        train(recipe, tmp_path / "nowhere", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_crop_that_does_not_fit_leaves_nothing(tmp_path: Path, data: Path, recipe: Recipe) -> None:
    """Facebook's 96 pixels are the smallest images of the validation split."""
    large = recipe.model_copy(update={"preprocess": Preprocess(size=112)})
    with pytest.raises(TinydfError, match=r"\(facebook\) has an image with a side of 96 pixels: .* needs 112"):
        train(large, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path, data: Path, recipe: Recipe) -> None:
    endless = recipe.model_copy(update={"preprocess": Preprocess(size=96, std=(1e-40, 1.0, 1.0))})
    with pytest.raises(TinydfError, match="the loss is nan: lower learning_rate in the recipe"):
        train(endless, data, tmp_path / "run")

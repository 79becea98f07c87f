# SPDX-License-Identifier: Apache-2.0
"""A run directory: `weights.safetensors`, `recipe.toml`, and last `metrics.json`, which says that it is whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import safetensors.torch
import tomli_w
from safetensors import SafetensorError
from torch import Tensor, nn

from tinydf import detectors
from tinydf.artefacts.run import CHECKPOINT, LOCK, MADE_BY, METRICS, RANGES, WEIGHTS, Finished, Metrics
from tinydf.errors import TinydfError
from tinydf.files import atomic_path, read_record, sha256_file, try_lock, write_json, write_text
from tinydf.train import recipe as recipes
from tinydf.train.recipe import Recipe

Record = TypeVar("Record", bound=Finished)

BROTHERS_SECONDS = 2.0
"""For how long the processes of torchrun, which clear a directory together, wait for one another."""


def open_directory(out: Path, kind: type[Record], identity: str, resume: bool, force: bool) -> Record | None:
    """Make ready the directory of a training; its record, if the training that is asked for is finished there.

    Args:
        out: the directory, which need not exist.
        kind: the record's schema; its file is written last.
        identity: what the training is told by.
        resume: continue with what is there.
        force: replace what is there.

    Raises:
        TinydfError: if it holds a training and neither `resume` nor `force` says what to do with it, or one is at work
            there that `force` would take the ground from.
    """
    finished, begun = (out / kind.file).exists(), (out / CHECKPOINT).exists()
    if force:
        with lock(out, BROTHERS_SECONDS):
            for name in (kind.file, CHECKPOINT, WEIGHTS, RANGES):
                (out / name).unlink(missing_ok=True)
        return None
    if finished and resume:
        record = read_record(kind, out / kind.file, kind.made_by)
        if record.identity == identity:
            return record
        raise TinydfError(f"{out} is a finished run of another recipe, seed or data set", "give another --out")
    if finished or (begun and not resume):
        state = "a finished" if finished else "an interrupted"
        raise TinydfError(f"{out} holds {state} run", "--resume continues it, --force replaces it")
    return None


@contextmanager
def lock(out: Path, patience: float = 0.0) -> Iterator[None]:
    """Keep other trainings, of any process, out of a run directory.

    Args:
        out: the directory.
        patience: for how many seconds to wait for one that is there.

    Raises:
        TinydfError: if one is there still.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / LOCK).open("w") as file:
        if not try_lock(file.fileno(), patience):
            raise TinydfError(f"another training is at work in {out}", "let it end, or give another --out")
        yield


def load_run(directory: Path) -> tuple[nn.Module, Recipe, Metrics]:
    """Load a finished run.

    Returns:
        The detector in evaluation mode (float [batch, 3, size, size] as its recipe's preprocess makes it, to logits
        float [batch, 2]), its recipe, and its metrics.

    Raises:
        TinydfError: if a file is missing, damaged or not of this run, or the weights do not fit the recipe's detector.
    """
    metrics = read_record(Metrics, directory / METRICS, MADE_BY)
    recipe = recipes.read_recipe(directory / recipes.FILE)
    path = directory / WEIGHTS
    if not path.is_file():
        raise TinydfError(f"{path} does not exist", f"make it with `{MADE_BY}`")
    model = detectors.build(recipe.detector.name, recipe.detector.options)
    load_weights(model, path)
    if sha256_file(path) != metrics.weights_sha256:
        raise TinydfError(f"{path} are not the weights that {directory / METRICS} speaks of", "train again")
    return model.eval(), recipe, metrics


def load_ranges(directory: Path, metrics: Metrics) -> dict[str, Tensor] | None:
    """The int8 ranges that a run has learned, `low` and `high`, float [points]; None if it has not.

    Raises:
        TinydfError: if they are missing, damaged or another run's.
    """
    if metrics.ranges_sha256 is None:
        return None
    path = directory / RANGES
    if not path.is_file() or sha256_file(path) != metrics.ranges_sha256:
        raise TinydfError(f"{path} are not the ranges that {directory / METRICS} speaks of", "train again")
    return dict(safetensors.torch.load_file(path))


def hash_weights(directory: Path) -> str:
    """SHA-256 of the weights in a directory of `tinydf train` or `tinydf pretrain`.

    Raises:
        TinydfError: if it has none.
    """
    path = directory / WEIGHTS
    if not path.is_file():
        raise TinydfError(f"{path} does not exist", "give a directory of `tinydf pretrain` or `tinydf train`")
    return sha256_file(path)


def load_weights(model: nn.Module, path: Path, may_lack: str | None = None) -> None:
    """Read weights into a model that they must fit exactly.

    Args:
        model: where they go.
        path: a file of safetensors.
        may_lack: the name of a part of the model that keeps the weights it has if the file has none for it.

    Raises:
        TinydfError: if the file is damaged, or a tensor is missing, superfluous or of another shape.
    """
    try:
        weights = safetensors.torch.load_file(path)
    except SafetensorError as error:
        raise TinydfError(f"{path} is damaged: {error}", "train again") from None
    own = model.state_dict()
    if may_lack and not any(name.startswith(f"{may_lack}.") for name in weights):
        weights |= {name: value for name, value in own.items() if name.startswith(f"{may_lack}.")}
    expected = {name: list(value.shape) for name, value in own.items()}
    for name in sorted(expected.keys() | weights.keys()):
        have = list(weights[name].shape) if name in weights else None
        if have != expected.get(name):
            raise TinydfError(
                f"{path}: {name} is {have or 'missing'} where the recipe's detector has {expected.get(name, 'none')}",
                "these weights belong to another recipe",
            )
    model.load_state_dict(weights)


def save_weights(weights: dict[str, Tensor], path: Path) -> None:
    """Write weights atomically, in ordinary memory order."""
    plain = {name: value.detach().clone().contiguous() for name, value in weights.items()}
    with atomic_path(path) as aside:
        aside.write_bytes(safetensors.torch.save(plain))  # not save_file, whose files only their owner may read


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write the recipe as it was followed, with what the command line changed in it."""
    write_text(path, tomli_w.dumps(recipe.model_dump(mode="json")))


def save_record(record: Finished, directory: Path) -> None:
    """Write what a training came to; from now on it is finished."""
    write_json(directory / record.file, record)

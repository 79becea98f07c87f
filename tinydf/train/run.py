"""A run directory: `weights.safetensors`, `recipe.toml`, and last `metrics.json`, which says that it is whole."""

from pathlib import Path

import safetensors.torch
import tomli_w
from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError
from torch import Tensor, nn

from tinydf import detectors
from tinydf.errors import TinydfError
from tinydf.files import atomic_path, read_model, sha256_file, write_json, write_text
from tinydf.train import recipe as recipes
from tinydf.train.metrics import Figures
from tinydf.train.recipe import Recipe

WEIGHTS = "weights.safetensors"
METRICS = "metrics.json"
CHECKPOINT = "checkpoint.pt"
LOG = "log"
MADE_BY = "tinydf train RECIPE --data D --out RUN"


class Metrics(BaseModel):
    """`metrics.json`: what the weights came from, how to decide by their scores, and what validation said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    dataset_sha256: str
    weights_sha256: str
    identity: str = Field(description="SHA-256 over recipe and data set: what a resumed training must agree with")
    threshold: float = Field(description="the verdict is fake if logit(fake) - logit(real) is above it")
    temperature: float = Field(gt=0, description="divides the score for a calibrated log-odds")
    parameters: int
    macs: int = Field(description="multiply-accumulates for one image")
    epochs: int
    best_epoch: int
    seconds: float = Field(description="spent in training epochs, resumed parts together")
    images_per_second: float
    threads: int
    validation: dict[str, Figures] = Field(description="by platform, at the threshold")


def load_run(directory: Path) -> tuple[nn.Module, Recipe, Metrics]:
    """Load a finished run.

    Returns:
        The detector in evaluation mode (float [batch, 3, size, size] as its recipe's preprocess makes it, to logits
        float [batch, 2]), its recipe, and its metrics.

    Raises:
        TinydfError: if a file is missing, damaged or not of this run, or the weights do not fit the recipe's detector.
    """
    metrics = read_model(Metrics, directory / METRICS, MADE_BY)
    recipe = recipes.read_recipe(directory / recipes.FILE)
    path = directory / WEIGHTS
    if not path.is_file():
        raise TinydfError(f"{path} does not exist", f"make it with `{MADE_BY}`")
    model = detectors.build(recipe.detector.name, recipe.detector.options)
    load_weights(model, path)
    if sha256_file(path) != metrics.weights_sha256:
        raise TinydfError(f"{path} are not the weights that {directory / METRICS} speaks of", "train again")
    return model.eval(), recipe, metrics


def load_weights(model: nn.Module, path: Path) -> None:
    """Read weights into a model that they must fit exactly.

    Raises:
        TinydfError: if the file is damaged, or a tensor is missing, superfluous or of another shape.
    """
    try:
        weights = safetensors.torch.load_file(path)
    except SafetensorError as error:
        raise TinydfError(f"{path} is damaged: {error}", "train again") from None
    expected = {name: list(value.shape) for name, value in model.state_dict().items()}
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


def save_metrics(metrics: Metrics, path: Path) -> None:
    """Write `metrics.json`; from now on the run is finished."""
    write_json(path, metrics)

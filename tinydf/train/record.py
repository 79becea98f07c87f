"""What can be read of a run without torch."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tinydf.errors import TinydfError
from tinydf.files import read_model

METRICS = "metrics.json"
CHECKPOINT = "checkpoint.pt"
WEIGHTS = "weights.safetensors"
RECIPE = "recipe.toml"
MADE_BY = "tinydf train RECIPE --data D --out RUN"


class RunMetrics(BaseModel):
    """What is needed of a run's `metrics.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    dataset_sha256: str
    weights_sha256: str
    threshold: float
    parameters: int
    macs: int
    epochs: int
    seconds: float


def read_metrics(run: Path) -> RunMetrics:
    """A finished run's metrics.

    Raises:
        TinydfError: if there is no such run, it is not finished, or its file is damaged.
    """
    if (run / CHECKPOINT).is_file() and not (run / METRICS).is_file():
        raise TinydfError(f"{run} holds an interrupted run", "finish it with `tinydf train RECIPE --resume`")
    return read_model(RunMetrics, run / METRICS, MADE_BY)


def read_name(run: Path) -> str:
    """The name in a run's recipe.

    Raises:
        TinydfError: if its recipe is missing or damaged.
    """
    path = run / RECIPE
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8"))["name"])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError):
        raise TinydfError(f"{path} is missing or damaged", f"make it anew with `{MADE_BY}`") from None

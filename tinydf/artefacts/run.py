# SPDX-License-Identifier: Apache-2.0
"""A run directory: `weights.safetensors`, `recipe.toml`, and last `metrics.json`, which says that it is whole."""

import tomllib
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from tinydf.errors import TinydfError
from tinydf.files import read_record
from tinydf.metrics.figures import Figures

RECIPE = "recipe.toml"
WEIGHTS = "weights.safetensors"
RANGES = "ranges.safetensors"
METRICS = "metrics.json"
CHECKPOINT = "checkpoint.pt"
LOG = "log"
LOCK = ".lock"
MADE_BY = "tinydf train RECIPE --data D --out RUN"


class Finished(BaseModel):
    """What every training's last file says; `file` is its name, and `made_by` the command that makes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: ClassVar[str]
    made_by: ClassVar[str]

    format: int = 1
    dataset_sha256: str
    weights_sha256: str
    identity: str = Field(description="SHA-256 over recipe and data set: what a resumed training must agree with")


class Metrics(Finished):
    """`metrics.json`: what the weights came from, how to decide by their scores, and what validation said."""

    file: ClassVar[str] = METRICS
    made_by: ClassVar[str] = MADE_BY

    threshold: float = Field(description="the verdict is fake if logit(fake) - logit(real) is above it")
    temperature: float = Field(gt=0, description="divides the score for a calibrated log-odds")
    parameters: int
    macs: int = Field(description="multiply-accumulates for one image")
    epochs: int
    best_epoch: int
    seconds: float = Field(description="spent in training epochs, resumed parts together")
    images_per_second: float
    waited: float = Field(default=0.0, description="part of these seconds that went by waiting for images")
    threads: int
    initial_sha256: str | None = Field(default=None, description="of the weights of --init or --weights")
    ranges_sha256: str | None = Field(default=None, description="of the learned int8 ranges, ranges.safetensors")
    generators: tuple[str, ...] | None = Field(
        default=None, description="whose fakes it learned from; none in runs from before this was recorded"
    )
    validation: dict[str, Figures] = Field(description="by platform, at the threshold")


def read_metrics(run: Path) -> Metrics:
    """A finished run's metrics.

    Raises:
        TinydfError: if there is no such run, it is not finished, or its file is damaged.
    """
    if (run / CHECKPOINT).is_file() and not (run / METRICS).is_file():
        raise TinydfError(f"{run} holds an interrupted run", "finish it with `tinydf train RECIPE --resume`")
    return read_record(Metrics, run / METRICS, MADE_BY)


def read_name(run: Path) -> str:
    """The name in a run's recipe.

    Raises:
        TinydfError: if its recipe is missing or damaged.
    """
    path = run / RECIPE
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8"))["name"])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError):
        raise TinydfError(f"{path} is missing or damaged", f"make it again with `{MADE_BY}`") from None

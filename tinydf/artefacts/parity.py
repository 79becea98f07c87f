# SPDX-License-Identifier: Apache-2.0
"""`parity.json` of an export: how near each stage is to the one before it, and what that costs."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tinydf.files import read_record

FILE = "parity.json"
Method = Literal["minmax", "percentile", "mse"]
Calibration = Literal[Method, "learned"]
"""How ranges are taken; `learned` is what a quantisation-aware training found."""


class LayerNoise(BaseModel):
    """How much of a layer's output is quantisation noise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int = Field(description="of the operator in model.tflite")
    operator: str
    name: str = Field(description="of the tensor that it writes")
    snr_db: float = Field(description="signal-to-noise ratio of the output")
    loss_db: float = Field(description="how far that is below the noisiest input of the operator")

    def __str__(self) -> str:
        return f"operator {self.index} ({self.operator}), {self.snr_db:.1f} dB, {self.loss_db:.1f} below its input"


class Limits(BaseModel):
    """What a stage may lose against the reference; None where nothing is demanded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    largest_error: float | None = Field(default=None, description="of a logit")
    agreement: float = Field(description="part of the images with the same verdict, at least")
    accuracy_loss: float = Field(description="of balanced accuracy, mean over platforms, at most")


LIMITS = {
    # The same float32 arithmetic in another order: 6e-5 to 9e-5 were measured, most of it in the first layer.
    "onnx": Limits(largest_error=1e-3, agreement=0.995, accuracy_loss=0.005),
    # Batch normalisation is folded into the weights, and convolutions may be computed by other algorithms.
    "float_tflite": Limits(largest_error=1e-3, agreement=0.995, accuracy_loss=0.005),
    # Logits move by several steps, and images near the threshold change sides either way; accuracy must stay.
    "int8_tflite": Limits(agreement=0.95, accuracy_loss=0.02),
}


class StageParity(BaseModel):
    """One stage. Errors are of all images; accuracies of the test split alone, at the run's threshold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str
    largest_error: float = Field(description="of a logit, against the reference")
    rmse: float = Field(description="of the score, logit(fake) - logit(real), against the reference")
    agreement: float = Field(description="part of the images with the reference's verdict")
    balanced_accuracy: dict[str, float | None] = Field(description="by platform, seen generators")
    balanced_accuracy_all: dict[str, float | None] = Field(description="by platform, unseen generators included")


class Parity(BaseModel):
    """The whole file; the first stage is the reference."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    images: int
    threshold: float
    limits: dict[str, Limits] = LIMITS
    stages: list[StageParity]
    layers: list[LayerNoise] = Field(description="of the int8 model, against the float one")
    calibration: Calibration = Field(description="how the ranges of int8 tensors were taken")
    calibrations: dict[Calibration, StageParity] = Field(
        description="where several were tried: each on the validation split, against the reference"
    )


def read_parity(directory: Path) -> Parity | None:
    """The export's parity; None for a .tflite that the user brought."""
    path = directory / FILE
    return read_record(Parity, path, "tinydf export --int8 RUN") if path.is_file() else None

# SPDX-License-Identifier: Apache-2.0
"""`manifest.json` of an export: what the model is, how to feed it, how to judge its output, and what it came from."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from tinydf.artefacts.preprocess import Preprocess, quantise
from tinydf.errors import TinydfError
from tinydf.files import read_record, sha256_file

FILE = "manifest.json"
MODEL = "model.tflite"
Sha256 = Field(pattern="^[0-9a-f]{64}$")


class TensorSpec(BaseModel):
    """An int8 tensor at the model's edge, NHWC; `real = (value - zero_point) * scale`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    shape: tuple[int, ...]
    scale: float = Field(gt=0)
    zero_point: int = Field(ge=-128, le=127)

    @property
    def bytes(self) -> int:
        """Size of the tensor in bytes."""
        return int(np.prod(self.shape))


class Decision(BaseModel):
    """How logits become a verdict, on the host and on the device alike.

    The score is `logit(fake) - logit(real)`, a log-odds, and of an image that is judged by several crops their mean.
    The verdict is "fake" if score > threshold. On the device a crop's score is the difference of the two int8 outputs,
    and the verdict is "fake" if the sum over the crops is > `threshold_steps` times their number. The threshold is a
    whole number of steps: means of crops may lie between two steps, and host and device must not disagree there.
    `temperature` divides the score to give a calibrated probability, and does not move the verdict.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = 0.0
    temperature: float = Field(default=1.0, gt=0)
    threshold_steps: int = Field(default=0, ge=-256, le=256)


class Provenance(BaseModel):
    """SHA-256 of everything the model came from; None where the user brought a finished .onnx or .tflite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str | None = None
    calibration: str | None = None
    weights: str | None = None
    onnx: str | None = None
    tflite: str = Sha256


class Manifest(BaseModel):
    """The contract between export, compiler, boards and bench."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    name: str
    input: TensorSpec
    output: TensorSpec
    labels: tuple[str, ...] = ("real", "fake")
    preprocess: Preprocess
    decision: Decision
    chain: Provenance
    generators: tuple[str, ...] | None = Field(
        default=None, description="whose fakes the detector learned from; None if nobody recorded it"
    )
    tflm_arena_bytes: int | None = Field(
        default=None, ge=0, description="what the tflite-micro interpreter used on the host; None if it was not there"
    )

    def to_inputs(self, image: NDArray[np.uint8]) -> NDArray[np.int8]:
        """An RGB image, uint8 [height, width, 3], as the model's inputs, int8 [crops, size, size, 3]."""
        crops = self.preprocess.to_float(self.preprocess.crop_images(image))
        return quantise(crops, self.input.scale, self.input.zero_point)

    def score(self, outputs: NDArray[np.int8]) -> float:
        """Log-odds of "fake" of one image, the mean over its crops' outputs, int8 [crops, 2]."""
        return _steps(outputs) / len(outputs) * self.output.scale

    def verdict(self, outputs: NDArray[np.int8]) -> bool:
        """Whether one image is "fake" by its crops' outputs, int8 [crops, 2]; integer arithmetic, as on the device."""
        return _steps(outputs) > self.decision.threshold_steps * len(outputs)


def _steps(outputs: NDArray[np.int8]) -> int:
    """How far apart the two outputs are, summed over crops, int8 [crops, 2]."""
    return int(outputs[:, 1].sum(dtype=np.int64) - outputs[:, 0].sum(dtype=np.int64))


def read_export(directory: Path) -> Manifest:
    """Read an export directory's manifest, and check that its model.tflite is the one the manifest speaks of.

    Raises:
        TinydfError: if a file is missing, does not fit the schema, or the model has another hash.
    """
    manifest = read_record(Manifest, directory / FILE, "tinydf export --int8 RUN")
    model = directory / MODEL
    if not model.is_file():
        raise TinydfError(f"{model} does not exist", "export again with `tinydf export --int8 RUN`")
    if sha256_file(model) != manifest.chain.tflite:
        raise TinydfError(f"{model} is not the model that {directory / FILE} speaks of", "export again")
    return manifest

"""`manifest.json` of an export: what the model is, how to feed it, how to judge its output, and what it came from."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from tinydf.errors import TinydfError
from tinydf.files import read_model, sha256_file
from tinydf.preprocess import Preprocess, quantise

FILE = "manifest.json"
MODEL = "model.tflite"
Sha256 = Field(pattern="^[0-9a-f]{64}$")


class Tensor(BaseModel):
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

    The score is `logit(fake) - logit(real)`, a log-odds. The verdict is "fake" if score > threshold. On the device the
    score is the difference of the two int8 outputs, and the verdict is "fake" if it is > `threshold_steps`.
    `temperature` divides the score to give a calibrated probability, and does not move the verdict.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = 0.0
    temperature: float = Field(default=1.0, gt=0)
    threshold_steps: int = Field(default=0, ge=-256, le=256)


class Chain(BaseModel):
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
    input: Tensor
    output: Tensor
    labels: tuple[str, ...] = ("real", "fake")
    preprocess: Preprocess
    decision: Decision
    chain: Chain
    tflm_arena_bytes: int = Field(ge=0, description="what the tflite-micro interpreter used on the host")

    def to_input(self, image: NDArray[np.uint8]) -> NDArray[np.int8]:
        """An RGB image, uint8 [height, width, 3], as the model's input, int8 [size, size, 3]."""
        return quantise(self.preprocess.to_float(image), self.input.scale, self.input.zero_point)

    def score(self, output: NDArray[np.int8]) -> NDArray[np.float64]:
        """Log-odds of "fake" for outputs, int8 [..., 2] -> float64 [...]."""
        # Whole steps times a float32 scale are exact in float64, so that this and `verdict` never disagree.
        score: NDArray[np.float64] = _steps(output) * np.float64(self.output.scale)
        return score

    def verdict(self, output: NDArray[np.int8]) -> NDArray[np.bool_]:
        """True where the verdict is "fake", for outputs, int8 [..., 2]; integer arithmetic, as on the device."""
        verdict: NDArray[np.bool_] = _steps(output) > self.decision.threshold_steps
        return verdict


def _steps(output: NDArray[np.int8]) -> NDArray[np.int32]:
    """How far apart the outputs are, int8 [..., 2] -> int32 [...]."""
    steps: NDArray[np.int32] = output[..., 1].astype(np.int32) - output[..., 0].astype(np.int32)
    return steps


def read_export(directory: Path) -> Manifest:
    """Read an export directory's manifest, and check that its model.tflite is the one the manifest speaks of.

    Raises:
        TinydfError: if a file is missing, does not fit the schema, or the model has another hash.
    """
    manifest = read_model(Manifest, directory / FILE, "tinydf export --int8 RUN")
    model = directory / MODEL
    if not model.is_file():
        raise TinydfError(f"{model} does not exist", "export again with `tinydf export --int8 RUN`")
    if sha256_file(model) != manifest.chain.tflite:
        raise TinydfError(f"{model} is not the model that {directory / FILE} speaks of", "export again")
    return manifest

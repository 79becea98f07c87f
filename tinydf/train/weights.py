# SPDX-License-Identifier: Apache-2.0
"""Weights from elsewhere: a file of safetensors whose names fit a detector's, in whole or in part."""

from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from tinydf.errors import TinydfError
from tinydf.files import sha256_file

MAX_BYTES = 1 << 30
NAMED = 6
COUNTER = "num_batches_tracked"
"""A normalisation's count of batches: no weight, and many files lack it."""


@dataclass(frozen=True)
class WeightsReport:
    """What a file's tensors were to a detector, by name.

    Attributes:
        matched: of the detector, now with the file's values.
        missing: of the detector, not in the file; as it was.
        reshaped: in both, of different shapes: (name, in the file, in the detector); as it was.
        unused: in the file alone.
        share: of the detector's numbers, how many the file gave.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    reshaped: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    unused: tuple[str, ...]
    share: float

    def lines(self) -> list[str]:
        """The report in words, a line for each kind that there is."""
        tensors = len(self.matched) + len(self.missing) + len(self.reshaped)
        shapes = [f"{name} is {list(have)} where the detector has {list(want)}" for name, have, want in self.reshaped]
        kinds = (("of another shape", shapes), ("missing", self.missing), ("not used", self.unused))
        matched = f"{len(self.matched)} of {tensors} tensors matched, {self.share:.1%} of the detector's numbers"
        return [matched, *(f"{what}: {_some(names)}" for what, names in kinds if names)]


def load_foreign_weights(module: nn.Module, path: Path) -> WeightsReport:
    """Give a detector the weights that a file has for it; what the file lacks stays as it is.

    A tensor belongs where its name and shape agree; a linear layer's [outputs, inputs] also fits a 1x1 convolution,
    [outputs, inputs, 1, 1]. Names of MobileNets and ResNets are torchvision's, so that its weights for ImageNet match
    but for the last layer.

    Args:
        module: the detector.
        path: a file of safetensors, in any floating-point type.

    Raises:
        TinydfError: if the file is too large or damaged, holds something that is not a number, or has nothing
            for this detector.
    """
    given = _read(path)
    own = {name: value for name, value in module.state_dict().items() if not name.endswith(COUNTER)}
    matched: dict[str, Tensor] = {}
    reshaped = []
    for name in sorted(own.keys() & given.keys()):
        value, want = given[name], tuple(own[name].shape)
        if tuple(value.shape) + (1,) * (len(want) - value.ndim) == want:
            matched[name] = _checked(value, name, path).reshape(want)
        else:
            reshaped.append((name, tuple(value.shape), want))
    if not matched:
        first = next(iter(sorted(given)), "nothing")
        raise TinydfError(
            f"{path} has no weights for this detector: it begins with {first}, the detector with {min(own)}",
            "names must be the detector's, which for MobileNets and ResNets are torchvision's",
        )
    module.load_state_dict(matched, strict=False)
    return WeightsReport(
        matched=tuple(matched),
        missing=tuple(sorted(own.keys() - given.keys())),
        reshaped=tuple(reshaped),
        unused=tuple(sorted(name for name in given.keys() - own.keys() if not name.endswith(COUNTER))),
        share=sum(value.numel() for value in matched.values()) / sum(value.numel() for value in own.values()),
    )


def hash_file(path: Path) -> str:
    """SHA-256 of a file of weights.

    Raises:
        TinydfError: if it does not exist.
    """
    if not path.is_file():
        raise TinydfError(f"{path} does not exist", "give a file of safetensors")
    return sha256_file(path)


def _read(path: Path) -> dict[str, Tensor]:
    if path.stat().st_size > MAX_BYTES:
        raise TinydfError(f"{path} is larger than {MAX_BYTES >> 30} GiB", "no detector of tinydf is")
    try:
        weights: dict[str, Tensor] = safetensors.torch.load_file(path)
    except SafetensorError as error:
        raise TinydfError(f"{path} is no file of safetensors: {error}", "convert it with that package") from None
    return weights


def _checked(value: Tensor, name: str, path: Path) -> Tensor:
    """A tensor whose numbers are numbers, as float32."""
    if not value.is_floating_point() or not bool(torch.isfinite(value).all()):
        raise TinydfError(f"{path}: {name} holds what is no finite number")
    return value.float()


def _some(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more

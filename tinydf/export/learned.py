# SPDX-License-Identifier: Apache-2.0
"""Ranges that a quantisation-aware training has learned, by the names of the .tflite's tensors.

The detector's values and the .tflite's tensors are matched by what they hold for some images: names and order change on
the way through ONNX and TensorFlow, values do not.
"""

import logging

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tinydf.errors import TinydfError
from tinydf.export.layers import Layers
from tinydf.export.ranges import Range
from tinydf.train.quantised import run

logger = logging.getLogger(__name__)

IMAGES = 2
TOLERANCE = 1e-3
"""Of the largest value, or of 1 where all are smaller."""

Values = NDArray[np.float64]


def learned_ranges(
    detector: nn.Module, ranges: dict[str, Tensor], float_tflite: bytes, images: NDArray[np.float32]
) -> dict[str, Range]:
    """The learned range of each tensor, by its name in the .tflite.

    Args:
        detector: with the weights of the run.
        ranges: `low` and `high`, float [points].
        float_tflite: the float model that the detector became.
        images: float32 [images, size, size, 3]; the first few are used.

    Raises:
        TinydfError: if a range belongs to no tensor: then the model is not the one that was trained.
    """
    some = images[:IMAGES]
    points = _points(detector, some)
    low, high = ranges["low"].tolist(), ranges["high"].tolist()
    found: dict[str, Range] = {}
    used: set[int] = set()
    for name, values in _tensors(float_tflite, some).items():
        matching = [number for number, value in enumerate(points) if _same(value, values)]
        if matching:
            found[name] = (low[matching[0]], high[matching[0]])
            used.update(matching)
    lost = sorted(set(range(max(len(points), len(low)))) - used)
    if lost:
        raise TinydfError(
            f"{len(lost)} learned ranges belong to no tensor of the .tflite, such as number {lost[0]}",
            "export with --calibration minmax, and report the recipe",
        )
    logger.info("%s tensors have learned ranges", len(found))
    return found


def _points(detector: nn.Module, images: NDArray[np.float32]) -> list[Values]:
    """What int8 would hold, each float64 [images, values], channels last."""
    points: list[Values] = []

    def record(number: int, value: Tensor, fixed: bool) -> Tensor:
        last = value.permute(0, 2, 3, 1) if value.ndim == 4 else value
        points.append(last.reshape(len(images), -1).double().numpy())
        return value

    with torch.no_grad():
        run(detector.eval(), torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), record, round_weights=False)
    return points


def _tensors(tflite: bytes, images: NDArray[np.float32]) -> dict[str, Values]:
    """What each layer of the .tflite writes, float64 [images, values]."""
    layers = Layers(tflite)
    by_image = [dict(layers.run(image)) for image in images]
    source = next(iter(by_image[0]))
    return {name: np.stack([one[name].reshape(-1) for one in by_image]) for name in by_image[0] if name != source}


def _same(one: Values, other: Values) -> bool:
    return one.shape == other.shape and bool(np.abs(one - other).max() <= TOLERANCE * max(1.0, np.abs(one).max()))

# SPDX-License-Identifier: Apache-2.0
"""Detectors with random weights, converted to int8: for costs, which hardly depend on what was learned, and bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tinydf import detectors, export
from tinydf.export.onnx import to_onnx
from tinydf.export.tflite import convert
from tinydf.files import atomic_path, sha256_bytes, sha256_file
from tinydf.resources import cache_directory

IMAGES = 16


def to_tflite(name: str, options: dict[str, Any], size: int, seed: int = 0) -> bytes:
    """An int8 .tflite of a detector for images of `size` x `size` pixels, with weights and ranges from a fixed seed.

    Conversion takes minutes: what the same code made of the same ONNX before is taken from the cache.
    """
    images = noise(size, seed)
    onnx = to_onnx(detector(name, options, images, seed), size)
    sources = [sha256_file(path) for path in sorted(Path(export.__file__).parent.glob("*.py"))]
    key = sha256_bytes(" ".join([sha256_bytes(onnx), sha256_bytes(images.tobytes()), *sources]).encode())
    made = cache_directory("untrained") / f"{key}.tflite"
    if not made.is_file():
        tflite = convert(onnx, images, ["minmax"])[1]["minmax"]
        with atomic_path(made) as aside:
            aside.write_bytes(tflite)
    return made.read_bytes()


def parameters(name: str, options: dict[str, Any]) -> int:
    """How many numbers a detector learns."""
    return sum(parameter.numel() for parameter in detectors.build(name, options).parameters())


def detector(name: str, options: dict[str, Any], images: NDArray[np.float32], seed: int = 0) -> nn.Module:
    """A detector in evaluation mode, its normalisations fitted to images, float32 [images, size, size, 3] in [0, 1]."""
    torch.manual_seed(seed)
    return fit(detectors.build(name, options), images)


def fit(model: nn.Module, images: NDArray[np.float32]) -> nn.Module:
    """Fit a model's normalisations to images, float32 [images, size, size, 3]; it is in evaluation mode after that."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model.train()(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous())
    return model.eval()


def noise(size: int, seed: int) -> NDArray[np.float32]:
    """Pictures of clouds and grain, float32 [16, size, size, 3], the darkest value 0 and the lightest 1."""
    random = np.random.default_rng(seed)
    coarse = random.random((IMAGES, -(-size // 8), -(-size // 8), 3), np.float32)
    clouds = coarse.repeat(8, axis=1).repeat(8, axis=2)[:, :size, :size]
    images: NDArray[np.float32] = 0.7 * clouds + 0.3 * random.random(clouds.shape, np.float32)
    images -= images.min()
    images /= images.max()
    return images

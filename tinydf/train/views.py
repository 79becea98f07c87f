# SPDX-License-Identifier: Apache-2.0
"""Two views of each unlabelled image, alike in what made the picture and different in what happened to it since.

Nothing here resizes a picture freely, changes its colours or cuts out less than the model's input: that is what photo
classifiers are pre-trained with, and it wipes out the traces that a detector looks for. A view is a crop at native
resolution, turned, sometimes blurred or noisy, and often compressed (and reduced) as a social network does.
"""

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor

from tinydf.data.social import share_randomly
from tinydf.train.batches import TrainingSplit, cut, prepared_ahead, turn
from tinydf.train.images import to_tensor
from tinydf.train.recipe import Recipe

LARGEST_BLUR = 1.0
"""Standard deviation in pixels."""

LARGEST_NOISE = 4.0
"""Standard deviation in grey levels."""


def view_batches(split: TrainingSplit, recipe: Recipe, epoch: int) -> Generator[tuple[Tensor, Tensor], None, None]:
    """This process's part of each batch of an epoch, as pairs.

    Yields:
        First and second views, float [part, 3, size, size] each.
    """

    def prepare(turns: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        images = [split.image(one[1]) for one in turns]
        randoms = [split.random(one) for one in turns]
        first, second = (
            np.stack([view(image, recipe, random) for image, random in zip(images, randoms, strict=True)])
            for _ in range(2)
        )
        return to_tensor(first, recipe.preprocess), to_tensor(second, recipe.preprocess)

    yield from prepared_ahead(prepare, split.turns(recipe.pretraining, epoch))


def view(image: NDArray[np.uint8], recipe: Recipe, random: np.random.Generator) -> NDArray[np.uint8]:
    """One view of an image, uint8 [height, width, 3] -> uint8 [size, size, 3].

    Raises:
        TinydfError: if the image is smaller than the crop.
    """
    how = recipe.pretraining
    image = np.ascontiguousarray(turn(image, random))
    if random.random() < how.blur:
        image = _blur(image, random.uniform(0, LARGEST_BLUR))
    if random.random() < how.noise:
        image = _noise(image, random)
    if random.random() < how.share:
        image = share_randomly(image, random)
    return cut(image, recipe, random)


def _blur(image: NDArray[np.uint8], deviation: float) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(deviation)))


def _noise(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    grain = random.standard_normal(image.shape, np.float32) * np.float32(random.uniform(0, LARGEST_NOISE))
    noisy: NDArray[np.uint8] = np.clip(np.rint(image + grain), 0, 255).astype(np.uint8)
    return noisy

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
from tinydf.train.images import Images, cut, prepared_ahead, to_tensor, turn, whole_batches
from tinydf.train.recipe import Recipe

LARGEST_BLUR = 1.0
"""Standard deviation in pixels."""

LARGEST_NOISE = 4.0
"""Standard deviation in grey levels."""


def view_batches(images: Images, recipe: Recipe, epoch: int) -> Generator[tuple[Tensor, Tensor], None, None]:
    """One epoch of pairs in random order; what remains below a whole batch waits for another epoch.

    Each pair has a random generator of its own from seed, epoch and place, so that an epoch is the same whenever it
    is run.

    Yields:
        First and second views, float [batch, 3, size, size] each.
    """
    seed = recipe.training.seed
    order = np.random.default_rng([seed, epoch]).permutation(len(images) * recipe.pretraining.crops)

    def prepare(chosen: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        randoms = [np.random.default_rng([seed, epoch, one]) for one in chosen]
        sources = [images.pixels[one % len(images)] for one in chosen]
        first, second = (
            np.stack([view(image, recipe, random) for image, random in zip(sources, randoms, strict=True)])
            for _ in range(2)
        )
        return to_tensor(first, recipe.preprocess), to_tensor(second, recipe.preprocess)

    yield from prepared_ahead(prepare, whole_batches(order, pairs_of(images, recipe)))


def pairs_of(images: Images, recipe: Recipe) -> int:
    """Pairs in a batch: the recipe's, or all that there are."""
    return min(recipe.pretraining.batch_size, len(images) * recipe.pretraining.crops)


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

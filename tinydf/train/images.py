"""Images of a split in memory, and batches of them: cut, turned and compressed a batch ahead of the training."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinydf.data.dataset import PRE_SOCIAL, Dataset, Split
from tinydf.data.social import share_randomly
from tinydf.errors import TinydfError
from tinydf.preprocess import Preprocess
from tinydf.train.recipe import Recipe

AHEAD = 3

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Images:
    """Images with what they are: uint8 [height, width, 3] each, labels int64 [images]."""

    pixels: list[NDArray[np.uint8]]
    labels: NDArray[np.int64]
    generators: list[str]

    def __len__(self) -> int:
        return len(self.pixels)


def read_images(data: Dataset, split: Split, platform: str = PRE_SOCIAL) -> Images:
    """All images of a split as seen on a platform.

    Raises:
        TinydfError: if there are none.
    """
    samples = list(data.samples(split, platform))
    labels = np.array([one.label for one in samples], np.int64)
    return Images([one.image for one in samples], labels, [one.generator for one in samples])


def demand_both_classes(images: Images, at_least: int, what: str) -> None:
    """Refuse a split that nothing can be learned or decided from.

    Raises:
        TinydfError: if a class has fewer images than `at_least`.
    """
    for label, name in enumerate(("real", "fake")):
        count = int((images.labels == label).sum())
        if count < at_least:
            raise TinydfError(f"{what} has {count} {name} images", f"it needs at least {at_least} of each class")


def demand_size(images: Images, size: int, what: str) -> None:
    """Refuse images that the model's crop does not fit into.

    Raises:
        TinydfError: if a side of one is smaller than `size`.
    """
    smallest = min(min(one.shape[:2]) for one in images.pixels)
    if smallest < size:
        raise TinydfError(f"{what} has an image with a side of {smallest} pixels", f"the recipe's crop needs {size}")


def training_batches(images: Images, recipe: Recipe, epoch: int) -> Generator[tuple[Tensor, Tensor], None, None]:
    """One epoch in random order; what remains below a whole batch waits for another epoch.

    A thread prepares batches ahead (JPEG coding lets go of Python's lock), and each image has a random generator of
    its own from seed, epoch and place, so that an epoch is the same whenever it is run.

    Yields:
        Images, float [batch, 3, size, size] in channels_last memory order, and labels, int64 [batch].
    """
    seed = recipe.training.seed
    order = np.random.default_rng([seed, epoch]).permutation(len(images) * recipe.training.crops)

    def prepare(chosen: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        of = chosen % len(images)
        randoms = [np.random.default_rng([seed, epoch, one]) for one in chosen]
        crops = [_augment(images.pixels[index], recipe, random) for index, random in zip(of, randoms, strict=True)]
        return to_tensor(np.stack(crops), recipe.preprocess), torch.from_numpy(images.labels[of])

    yield from prepared_ahead(prepare, whole_batches(order, batch_size_of(images, recipe)))


def whole_batches(order: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """An order cut into batches of `size`, without what remains at its end."""
    return [order[start : start + size] for start in range(0, len(order) - size + 1, size)]


def prepared_ahead(
    prepare: Callable[[NDArray[np.int64]], Batch], batches: Sequence[NDArray[np.int64]]
) -> Generator[Batch, None, None]:
    """What `prepare` makes of each batch, in their order, made by a thread some batches ahead of their use."""
    with ThreadPoolExecutor(1) as pool:
        waiting: list[Future[Batch]] = []
        try:
            for chosen in batches:
                waiting.append(pool.submit(prepare, chosen))
                if len(waiting) > AHEAD:
                    yield waiting.pop(0).result()
            for batch in waiting:
                yield batch.result()
        finally:
            pool.shutdown(cancel_futures=True)


def batch_size_of(images: Images, recipe: Recipe) -> int:
    """The recipe's batch size, or all that there is."""
    return min(recipe.training.batch_size, len(images) * recipe.training.crops)


def batches_of(images: Images, recipe: Recipe) -> int:
    """How many batches an epoch has."""
    return len(images) * recipe.training.crops // batch_size_of(images, recipe)


def to_tensor(crops: NDArray[np.uint8], preprocess: Preprocess) -> Tensor:
    """Crops, uint8 [batch, size, size, 3], as the model's input, float [batch, 3, size, size], channels_last."""
    values = torch.from_numpy(np.ascontiguousarray(crops)).to(torch.float32) / 255
    values = (values - torch.tensor(preprocess.mean)) / torch.tensor(preprocess.std)
    return values.permute(0, 3, 1, 2)


def turn(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """One of the eight flips and quarter turns of an image."""
    image = np.rot90(image, int(random.integers(4)))
    return image[:, ::-1] if random.integers(2) else image


def cut(image: NDArray[np.uint8], recipe: Recipe, random: np.random.Generator) -> NDArray[np.uint8]:
    """A random crop at native resolution, on the recipe's grid, uint8 [size, size, 3].

    Raises:
        TinydfError: if the image is smaller.
    """
    size = recipe.preprocess.size
    height, width = image.shape[:2]
    if min(height, width) < size:
        raise TinydfError(f"a training image of {width}x{height} pixels is smaller than the {size}x{size} crop")
    grid = recipe.augmentation.grid
    top, left = (grid * random.integers((side - size) // grid + 1) for side in (height, width))
    return image[top : top + size, left : left + size]


def _augment(image: NDArray[np.uint8], recipe: Recipe, random: np.random.Generator) -> NDArray[np.uint8]:
    """Turn, then compress, then cut: platforms compress what they are given, and detectors see a part of that."""
    if recipe.augmentation.turn:
        image = turn(image, random)
    if random.random() < recipe.augmentation.share:
        image = share_randomly(np.ascontiguousarray(image), random)
    return cut(image, recipe, random)

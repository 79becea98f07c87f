"""Batches: every image as often as asked, repeatable one by one, and cut at native resolution."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tinydf.data.dataset import Dataset
from tinydf.errors import TinydfError
from tinydf.preprocess import Preprocess
from tinydf.train.images import Images, _augment, demand_both_classes, read_images, to_tensor, training_batches
from tinydf.train.recipe import Augmentation, Recipe


def test_an_epoch_is_the_same_whenever_it_is_run(data: Path, recipe: Recipe) -> None:
    images = read_images(Dataset(data), "train")
    first, again, other = (list(training_batches(images, recipe, epoch)) for epoch in (3, 3, 4))
    assert all(torch.equal(a, b) and torch.equal(x, y) for (a, x), (b, y) in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for (a, _), (b, _) in zip(first, other, strict=True))


def test_every_image_comes_as_often_as_the_recipe_says(data: Path, recipe: Recipe) -> None:
    images = read_images(Dataset(data), "train")
    labels = torch.cat([labels for _, labels in training_batches(images, recipe, 0)])
    assert len(labels) == len(images) * recipe.training.crops
    assert int(labels.sum()) == int(images.labels.sum()) * recipe.training.crops


def test_an_abandoned_epoch_leaves_no_thread_behind(data: Path, recipe: Recipe) -> None:
    import threading

    before = threading.active_count()
    batches = training_batches(read_images(Dataset(data), "train"), recipe, 0)
    next(batches)
    batches.close()
    assert threading.active_count() == before


def test_without_augmentation_a_batch_holds_pieces_of_the_image_itself(recipe: Recipe) -> None:
    plain = recipe.model_copy(update={"augmentation": Augmentation(share=0, turn=False)})
    image = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    crop = _augment(image, plain, np.random.default_rng(1))
    windows = np.lib.stride_tricks.sliding_window_view(image, (96, 96, 3)).reshape(-1, 96, 96, 3)
    assert (windows == crop).all(axis=(1, 2, 3)).sum() == 1


def test_crops_begin_on_the_grid(recipe: Recipe) -> None:
    on_grid = recipe.model_copy(update={"augmentation": Augmentation(share=0, turn=False, grid=8)})
    rows, columns = np.mgrid[0:128, 0:128].astype(np.uint8)
    image = np.dstack([rows, columns, rows])
    crops = [_augment(image, on_grid, np.random.default_rng(seed)) for seed in range(200)]
    begins = {(int(crop[0, 0, 0]), int(crop[0, 0, 1])) for crop in crops}
    assert begins == {(row, column) for row in range(0, 33, 8) for column in range(0, 33, 8)}


def test_the_tensor_is_what_preprocess_makes() -> None:
    preprocess = Preprocess(size=96, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    image = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    expected = preprocess.to_float(image).transpose(2, 0, 1)
    assert np.allclose(to_tensor(image[None], preprocess)[0].numpy(), expected, atol=1e-6)


def test_too_small_an_image_is_named_by_its_size(recipe: Recipe) -> None:
    with pytest.raises(TinydfError, match="64x80 pixels is smaller than the 96x96 crop"):
        _augment(
            np.zeros((80, 64, 3), np.uint8),
            recipe.model_copy(update={"augmentation": Augmentation(share=0, turn=False)}),
            np.random.default_rng(0),
        )


def test_a_split_without_fakes_is_refused() -> None:
    images = Images([np.zeros((96, 96, 3), np.uint8)] * 8, np.zeros(8, np.int64), ["camera"] * 8)
    with pytest.raises(TinydfError, match="the training split has 0 fake images: it needs at least 4"):
        demand_both_classes(images, 4, "the training split")

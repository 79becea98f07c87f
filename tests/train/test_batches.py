# SPDX-License-Identifier: Apache-2.0
"""Batches: every image as often as asked, repeatable one by one, cut at native resolution, and shared by processes."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from tinydf.data.dataset import Dataset
from tinydf.errors import TinydfError
from tinydf.train.batches import TrainingSplit, augment, example, training_batches
from tinydf.train.distributed import DistributedContext
from tinydf.train.recipe import Augmentation, Recipe, Training


def _split(data: Path, rank: int = 0, ranks: int = 1) -> TrainingSplit:
    return TrainingSplit(Dataset(data), 0, DistributedContext(rank, ranks, torch.device("cpu")))


def test_an_epoch_is_the_same_whenever_it_is_run(data: Path, recipe: Recipe) -> None:
    split = _split(data)
    first, again, other = (list(training_batches(split, recipe, epoch)) for epoch in (3, 3, 4))
    assert all(torch.equal(a, b) and torch.equal(x, y) for (a, x), (b, y) in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for (a, _), (b, _) in zip(first, other, strict=True))


def test_every_image_comes_as_often_as_the_recipe_says(data: Path, recipe: Recipe) -> None:
    split = _split(data)
    labels = torch.cat([labels for _, labels in training_batches(split, recipe, 0)])
    assert len(labels) == len(split) * recipe.training.crops
    assert int(labels.sum()) == int(split.labels.sum()) * recipe.training.crops


def test_an_abandoned_epoch_leaves_no_thread_behind(data: Path, recipe: Recipe) -> None:
    before = threading.active_count()
    batches = training_batches(_split(data), recipe, 0)
    next(batches)
    batches.close()
    assert threading.active_count() == before


def test_withoutaugmentation_a_batch_holds_pieces_of_the_image_itself(recipe: Recipe) -> None:
    plain = recipe.model_copy(update={"augmentation": Augmentation(share=0, turn=False)})
    image = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    crop = augment(image, plain, np.random.default_rng(1))
    windows = np.lib.stride_tricks.sliding_window_view(image, (96, 96, 3)).reshape(-1, 96, 96, 3)
    assert (windows == crop).all(axis=(1, 2, 3)).sum() == 1


def test_crops_begin_on_the_grid(recipe: Recipe) -> None:
    on_grid = recipe.model_copy(update={"augmentation": Augmentation(share=0, turn=False, grid=8)})
    rows, columns = np.mgrid[0:128, 0:128].astype(np.uint8)
    image = np.dstack([rows, columns, rows])
    crops = [augment(image, on_grid, np.random.default_rng(seed)) for seed in range(200)]
    begins = {(int(crop[0, 0, 0]), int(crop[0, 0, 1])) for crop in crops}
    assert begins == {(row, column) for row in range(0, 33, 8) for column in range(0, 33, 8)}


def test_processes_share_the_batches_of_one(data: Path, recipe: Recipe) -> None:
    alone, parts = _split(data), [_split(data, rank, 2) for rank in range(2)]
    assert all(part.steps(recipe.training) == alone.steps(recipe.training) for part in parts)
    whole = [images for images, _ in training_batches(alone, recipe, 1)]
    shared = zip(*([images for images, _ in training_batches(part, recipe, 1)] for part in parts), strict=True)
    for batch, (first, second) in zip(whole, shared, strict=True):
        assert torch.equal(batch[0::2], first) and torch.equal(batch[1::2], second)


def test_batches_that_cannot_be_shared_evenly_are_refused(data: Path) -> None:
    with pytest.raises(TinydfError, match="3 processes cannot share batches of 16: change batch_size"):
        _split(data, 0, 3).batch_size(Training(epochs=1, batch_size=16, learning_rate=0.1))


def test_as_many_real_images_as_the_recipe_says_are_made_again_as_fakes(data: Path, recipe: Recipe) -> None:
    upsampling = recipe.model_copy(update={"augmentation": Augmentation(share=0, turn=False, synthetic_upsampling=0.4)})
    split = _split(data)
    turns = [(number, place) for place in range(len(split)) for number in range(8)]
    labels = {turn: example(split, np.array(turn), upsampling)[1] for turn in turns}
    assert all(label == 1 for (_, place), label in labels.items() if split.labels[place] == 1)
    reals = [label for (_, place), label in labels.items() if split.labels[place] == 0]
    assert np.mean(reals) == pytest.approx(0.4, abs=4 * np.sqrt(0.24 / len(reals)))


def test_too_small_an_image_is_named_by_its_size(recipe: Recipe) -> None:
    with pytest.raises(TinydfError, match="64x80 pixels is smaller than the 96x96 crop"):
        augment(
            np.zeros((80, 64, 3), np.uint8),
            recipe.model_copy(update={"augmentation": Augmentation(share=0, turn=False)}),
            np.random.default_rng(0),
        )

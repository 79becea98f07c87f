# SPDX-License-Identifier: Apache-2.0
"""Views: cut at native resolution, repeatable, each different, and without a trace of labels."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tinydf.data.dataset import Dataset
from tinydf.errors import TinydfError
from tinydf.train.batches import TrainingSplit
from tinydf.train.distributed import DistributedContext
from tinydf.train.recipe import Pretraining, Recipe
from tinydf.train.views import view, view_batches


def test_an_epoch_is_the_same_whenever_it_is_run(tiny_data: Path, recipe: Recipe) -> None:
    split = TrainingSplit(Dataset(tiny_data), 0, DistributedContext(0, 1, torch.device("cpu")))
    first, again, other = (list(view_batches(split, recipe, epoch)) for epoch in (1, 1, 2))
    assert [one.shape for one in first[0]] == [(16, 3, 64, 64)] * 2 and len(first) == 2
    assert all(torch.equal(a, b) and torch.equal(x, y) for (a, x), (b, y) in zip(first, again, strict=True))
    assert not torch.equal(first[0][0], other[0][0])
    assert not torch.equal(first[0][0], first[0][1])


def test_an_undisturbed_view_is_a_turned_piece_of_the_image_itself(recipe: Recipe) -> None:
    plain = recipe.model_copy(update={"pretraining": Pretraining(share=0, blur=0, noise=0)})
    image = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    cut = view(image, plain, np.random.default_rng(1))
    turned = [np.rot90(flipped, turns) for flipped in (image, image[:, ::-1]) for turns in range(4)]
    pieces = [np.lib.stride_tricks.sliding_window_view(one, (64, 64, 3))[::8, ::8, 0] for one in turned]
    assert sum(int((piece == cut).all(axis=(2, 3, 4)).sum()) for piece in pieces) == 1


@pytest.mark.parametrize("what", ["share", "blur", "noise"])
def test_each_disturbance_changes_pixels_a_little(recipe: Recipe, what: str) -> None:
    rates = {"share": 0.0, "blur": 0.0, "noise": 0.0, what: 1.0}
    disturbed = recipe.model_copy(update={"pretraining": Pretraining(**rates)})
    columns = np.tile(128 + 10 * np.sin(np.arange(64)) + np.arange(64), (64, 1)).astype(np.uint8)
    image = np.dstack([columns, columns.T, columns])
    cuts = [view(image, disturbed, np.random.default_rng(seed)) for seed in range(16)]
    eight = [np.rot90(flipped, turns) for flipped in (image, image[:, ::-1]) for turns in range(4)]
    differences = [min(np.abs(cut.astype(int) - one).mean() for one in eight) for cut in cuts]
    assert max(differences) > 0
    assert max(differences) < 6


def test_too_small_an_image_is_refused(recipe: Recipe) -> None:
    with pytest.raises(TinydfError, match="smaller than the 64x64 crop"):
        view(np.zeros((48, 80, 3), np.uint8), recipe, np.random.default_rng(0))

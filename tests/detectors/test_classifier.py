# SPDX-License-Identifier: Apache-2.0
"""Every published recipe's detector has features: its last layer can be taken off, or be the only one that learns."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tinydf import detectors
from tinydf.detectors.classifier import freeze_features, last_layer, take_last_layer
from tinydf.errors import TinydfError
from tinydf.resources import MODELS
from tinydf.train.recipe import read_recipe

RECIPES = sorted(MODELS.glob("*/recipe.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.parent.name)
def test_features_and_the_last_layer_make_the_detector(path: Path) -> None:
    recipe = read_recipe(path)
    model = detectors.build(recipe.detector.name, recipe.detector.options).eval()
    last = model.get_submodule(last_layer(model))
    freeze_features(model)
    assert {one for one in model.parameters() if one.requires_grad} == set(last.parameters())
    images = torch.rand(2, 3, recipe.preprocess.size, recipe.preprocess.size)
    logits = model(images)
    features = take_last_layer(model)
    with torch.no_grad():
        taken = model(images)
        assert taken.shape == (2, features)
        again = last(taken[:, :, None, None] if isinstance(last, nn.Conv2d) else taken).flatten(1)
    assert torch.allclose(again, logits, atol=1e-5)


def test_what_does_not_end_in_two_logits_is_refused() -> None:
    with pytest.raises(TinydfError, match="Sequential does not end in a layer of two logits"):
        last_layer(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()))

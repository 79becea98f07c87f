# SPDX-License-Identifier: Apache-2.0
"""A tiny data set, a recipe that learns it in seconds, and one finished run of it."""

from pathlib import Path

import pytest

from tests.data.synthetic import tiny_dataset
from tests.once import made_once
from tinydf.train.loop import train
from tinydf.train.recipe import Recipe, read_recipe

RECIPE = """
name = "small"

[detector]
name = "phinet"
options = { alpha = 0.5, beta = 1.0, t0 = 2.0, blocks = 2, downsampling = [1], residuals = 12, dropout = 0.1 }

[preprocess]
size = 96

[training]
epochs = 6
crops = 12
batch_size = 16
learning_rate = 0.01
average = 0.5
"""


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "train-data", lambda base: tiny_dataset(base / "tiny")) / "tiny"


@pytest.fixture(scope="session")
def recipe_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "small.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="session")
def recipe(recipe_path: Path) -> Recipe:
    return read_recipe(recipe_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, data: Path, recipe: Recipe) -> Path:
    """A finished run; tests that change a run take a copy."""
    return made_once(tmp_path_factory, "train-run", lambda base: train(recipe, data, base / "small")) / "small"

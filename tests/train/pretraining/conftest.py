# SPDX-License-Identifier: Apache-2.0
"""A recipe whose pre-training takes a second on the tiny data set."""

from pathlib import Path

import pytest

from tinydf.train.recipe import Recipe, read_recipe


@pytest.fixture(scope="session")
def recipe_path() -> Path:
    return Path(__file__).with_name("tiny.toml")


@pytest.fixture(scope="session")
def recipe(recipe_path: Path) -> Recipe:
    return read_recipe(recipe_path)

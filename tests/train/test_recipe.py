# SPDX-License-Identifier: Apache-2.0
"""Recipes: the shipped ones are sound, and each rule has a broken one with the message it must give."""

from pathlib import Path

import pytest

from tests.train.conftest import RECIPE
from tinydf import detectors
from tinydf.errors import TinydfError
from tinydf.resources import MODELS
from tinydf.train.recipe import Recipe, find_recipe, override, read_recipe


@pytest.mark.parametrize("path", sorted(MODELS.glob("*/recipe.toml")), ids=lambda path: path.parent.name)
def test_shipped_recipes_build_and_are_found_by_name(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.parent.name
    assert find_recipe(recipe.name).samefile(path)
    detectors.build(recipe.detector.name, recipe.detector.options)


@pytest.mark.parametrize(
    ("find", "replace", "message"),
    [
        ("batch_size = 16", "batch_sice = 16", "training.batch_sice: unknown key"),
        ("epochs = 6\n", "", "training.epochs: Field required"),
        ("epochs = 6", "epochs = 0", "training.epochs: Input should be greater than or equal to 1"),
        (
            "learning_rate = 0.01",
            "learning_rate = 7",
            "training.learning_rate: Input should be less than or equal to 1",
        ),
        ('name = "small"', 'name = "Small Thing"', "name: String should match pattern"),
        ("size = 96", "size = 96\nzoom = 2", "preprocess.zoom: unknown key"),
        (
            "[training]",
            "[augmentation]\nplatforms = ['myspace']\n[training]",
            "augmentation.platforms: Value error, 'myspace' is none of facebook, telegram, telegram-2560, x",
        ),
        ("[training]", "[augmentation]\nshare = 2\n[training]", "augmentation.share: Input should be less than"),
        ('name = "phinet"', 'name = "florb"', "detector 'florb' is not known"),
        ("alpha = 0.5", "gamma = 0.5", "detector phinet: alpha: Field required"),
        ("alpha = 0.5", "alpha = 0.5, gamma = 1", "detector phinet: gamma: unknown key"),
        ("epochs = 6", "epochs = = 6", "is not TOML"),
    ],
)
def test_a_broken_rule_names_file_and_key(tmp_path: Path, find: str, replace: str, message: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(RECIPE.replace(find, replace))
    with pytest.raises(TinydfError) as error:
        read_recipe(path)
    assert str(path) in error.value.what
    assert message in error.value.what


def test_a_binary_file_is_no_recipe(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TinydfError, match="is not TOML"):
        read_recipe(path)


def test_an_unknown_name_lists_those_that_there_are() -> None:
    with pytest.raises(TinydfError, match=r"no recipe florb: give a path, or one of .*phinet-demo"):
        find_recipe("florb")


def test_a_folder_with_a_recipe_is_found(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    assert find_recipe(str(tmp_path)) == tmp_path / "recipe.toml"


def test_the_command_line_changes_only_what_it_says(recipe: Recipe) -> None:
    changed = override(recipe, seed=5, epochs=None, augment=False)
    assert changed.training.seed == 5
    assert changed.training.epochs == recipe.training.epochs
    assert changed.augmentation.share == 0
    assert changed.augmentation.turn == recipe.augmentation.turn
    assert override(recipe, seed=None, epochs=None, augment=True) == recipe

# SPDX-License-Identifier: Apache-2.0
"""`recipe.toml`: all that decides a training but the data."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from tinydf import detectors, ssl
from tinydf.artefacts.preprocess import Preprocess
from tinydf.data.social import RULES, USUAL
from tinydf.errors import TinydfError
from tinydf.files import first_problem
from tinydf.resources import MODELS

FILE = "recipe.toml"

Precision = Literal["float32", "bfloat16"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DetectorTable(Strict):
    """Which detector, and what its own schema says about it."""

    name: str = Field(description="one of those below")
    options: dict[str, Any] = Field(default={}, description="the detector's own")


class Augmentation(Strict):
    """What happens to a training image before it is cropped at random, at native resolution."""

    share: float = Field(default=0.75, ge=0, le=1, description="how often an image is compressed as platforms do")
    platforms: tuple[str, ...] = Field(
        default=USUAL, min_length=1, description="which to choose from, of tinydf/data/platforms.toml"
    )
    grid: int = Field(default=1, ge=1, le=64, description="crops begin at multiples of it; 8 is JPEG's grid")
    turn: bool = Field(default=True, description="flips and quarter turns")
    synthetic_upsampling: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        validation_alias=AliasChoices("synthetic_upsampling", "imitate"),  # its name until 0.2
        description="how often a real image is up-sampled as a generator would, and learned as a fake",
    )
    upsampling_steps: int = Field(
        default=1,
        ge=1,
        le=3,
        validation_alias=AliasChoices("upsampling_steps", "doublings"),  # its name until 0.2
        description="how many steps of synthetic up-sampling at most, each by two",
    )

    @field_validator("platforms")
    @classmethod
    def _are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in RULES:
                raise ValueError(f"{name!r} is none of {', '.join(RULES)}")
        return names


def _threshold_of_0_1(name: object) -> object:
    """The rule's name, also by the one that it had until 0.2."""
    return "one-standard-error" if name == "wary" else name


class Training(Strict):
    """AdamW under a one-cycle learning rate."""

    epochs: int = Field(ge=1, le=100_000, description="passes over the training split")
    crops: int = Field(default=4, ge=1, le=1000, description="random crops of each image in an epoch")
    batch_size: int = Field(default=64, ge=2, le=4096, description="crops of a step, over all processes together")
    learning_rate: float = Field(gt=0, le=1, description="the peak of the cycle")
    warm_up: float = Field(default=0.2, gt=0, lt=1, description="part of the cycle in which the rate rises")
    weight_decay: float = Field(default=0.01, ge=0, le=1, description="of AdamW, on convolutions alone")
    average: float = Field(
        default=0.0, ge=0, lt=1, description="part of the averaged weights that stays at each step; 0 for none"
    )
    precision: Precision = Field(default="float32", description="what a CPU computes in; a GPU always mixes in float16")
    threshold: Annotated[Literal["balanced", "one-standard-error"], BeforeValidator(_threshold_of_0_1)] = Field(
        default="balanced", description="the best for the generators of the validation images, or one for others, too"
    )
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="part of each label that both classes share")
    seed: int = Field(default=0, ge=0, lt=1 << 32, description="of weights, shuffles and augmentation")
    probe: bool = Field(default=False, description="learn the last layer alone, on the features that --init gives")
    quantise: bool = Field(
        default=False, description="learn as the int8 model computes, from the run that --init gives"
    )


class Pretraining(Strict):
    """Self-supervised pre-training of the detector without its classifier: AdamW under a one-cycle learning rate."""

    method: str = Field(default="simclr", description="one of those below")
    options: dict[str, Any] = Field(default={}, description="the method's own")
    epochs: int = Field(default=30, ge=1, le=100_000, description="passes over the training split")
    crops: int = Field(default=1, ge=1, le=1000, description="pairs of views of each image in an epoch")
    batch_size: int = Field(default=128, ge=2, le=65536, description="pairs of views")
    learning_rate: float = Field(default=2e-3, gt=0, le=1, description="the peak of the cycle")
    warm_up: float = Field(default=0.1, gt=0, lt=1, description="part of the cycle in which the rate rises")
    weight_decay: float = Field(default=1e-4, ge=0, le=1, description="of AdamW")
    precision: Precision = Field(default="float32", description="as of the training")
    share: float = Field(default=0.5, ge=0, le=1, description="how often a view is compressed as platforms do")
    blur: float = Field(default=0.2, ge=0, le=1, description="how often a view is blurred before that")
    noise: float = Field(default=0.2, ge=0, le=1, description="how often noise is added before that")


class Recipe(Strict):
    """The whole recipe; `preprocess` travels on to the manifest."""

    name: str = Field(pattern="^[a-z0-9][a-z0-9-]*$", description="of the recipe and of what is made by it")
    detector: DetectorTable
    preprocess: Preprocess
    augmentation: Augmentation = Augmentation()
    pretraining: Pretraining = Pretraining()
    training: Training


def find_recipe(given: str) -> Path:
    """The file of a recipe given by path, or by its folder's name under `models/`.

    Raises:
        TinydfError: if there is neither.
    """
    path = Path(given)
    if path.is_file():
        return path
    if path.is_dir() and (path / FILE).is_file():
        return path / FILE
    named = MODELS / given / FILE
    if path.name == given and named.is_file():
        return named
    known = sorted(one.parent.name for one in MODELS.glob(f"*/{FILE}"))
    raise TinydfError(f"there is no recipe {given}", f"give a path, or one of {', '.join(known)}")


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        TinydfError: if the file is missing or no TOML, a key is missing, unknown or out of its range, or there is no
            such detector.
    """
    try:
        recipe = Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        detectors.check_options(recipe.detector.name, recipe.detector.options)
        ssl.check_options(recipe.pretraining.method, recipe.pretraining.options)
    except (FileNotFoundError, NotADirectoryError):
        raise TinydfError(f"{path} does not exist") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TinydfError(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        raise TinydfError(f"{path}: {first_problem(error)}", "its keys: docs/reference/recipes.md") from None
    except TinydfError as error:
        raise TinydfError(f"{path}: {error.what}", error.hint) from None
    return recipe


def override(
    recipe: Recipe,
    seed: int | None = None,
    epochs: int | None = None,
    augment: bool = True,
    probe: bool = False,
    quantise: bool = False,
) -> Recipe:
    """The recipe with what the command line says instead; it is this one that a run directory keeps.

    A network that has learned already is quantised by a tenth of the recipe's learning rate.
    """
    given: dict[str, Any] = {name: value for name, value in (("seed", seed), ("epochs", epochs)) if value is not None}
    given |= {"probe": True} if probe else {}
    given |= {"quantise": True, "learning_rate": recipe.training.learning_rate / 10} if quantise else {}
    return recipe.model_copy(
        update={
            "training": recipe.training.model_copy(update=given),
            "augmentation": recipe.augmentation.model_copy(update={} if augment else {"share": 0.0}),
        }
    )


def override_pretraining(
    recipe: Recipe, method: str | None = None, seed: int | None = None, epochs: int | None = None
) -> Recipe:
    """The same for a pre-training; another method than the recipe's has its paper's options.

    Raises:
        TinydfError: if there is no such method.
    """
    given: dict[str, Any] = {
        name: value for name, value in (("method", method), ("epochs", epochs)) if value is not None
    }
    if method is not None and method != recipe.pretraining.method:
        ssl.check_options(method, {})
        given["options"] = {}
    seeded = {} if seed is None else {"seed": seed}
    return recipe.model_copy(
        update={
            "pretraining": recipe.pretraining.model_copy(update=given),
            "training": recipe.training.model_copy(update=seeded),
        }
    )

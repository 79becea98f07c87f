# SPDX-License-Identifier: Apache-2.0
"""What a platform does to a shared picture: reduce it to its limits, then write it as JPEG again.

Two views of the same thing. `share_photograph` takes a whole picture and returns the file that a platform would hand
out: its sides reduced to the platform's limits, written at a measured quality with colour subsampled (4:2:0); what was
measured, and by whom, stands in `platforms.toml`. `share` takes a crop of a picture too large for the limits, as data
sets hold them: it is reduced by a fixed part.
"""

import hashlib
import io
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from tinydf.data.dataset import PRE_SOCIAL, Strict
from tinydf.errors import TinydfError

SUBSAMPLED_COLOUR = "4:2:0"
SMALLEST_SIDE = 96
FILTERS = {"lanczos": Image.Resampling.LANCZOS, "box": Image.Resampling.BOX}

Qualities = Annotated[tuple[int, int], Field(description="libjpeg's, bounds included")]


class Platform(Strict):
    """What one platform does to a picture: a table of `platforms.toml`.

    `longest` and `shortest` are what the sides of a whole picture are reduced to, in pixels. TrueFake's are size
    classes that the platforms serve: Facebook 960x720, Telegram's "x" of 800 and X's "medium" of 1200; its evaluation
    crops its largest shared photographs to 720, 800 and 1200.
    """

    source: str = Field(description="who measured it, and how")
    longest: int = Field(ge=SMALLEST_SIDE)
    shortest: int = Field(default=1 << 16, ge=SMALLEST_SIDE, description="no limit of its own, if not given")
    qualities: Qualities
    crop_scale: float = Field(default=1.0, gt=0, le=1, description="what a crop of a larger picture is reduced to")
    crop_qualities: Qualities
    training_qualities: Qualities
    filter: Literal["lanczos", "box"] = Field(default="lanczos", description="what reduces a picture")
    progressive: bool = Field(default=False, description="the order of the coefficients in the file")
    upright: bool = Field(default=False, description="a picture is turned by its EXIF orientation first")


RULES = {
    name: Platform.model_validate(table)
    for name, table in tomllib.loads(files("tinydf.data").joinpath("platforms.toml").read_text("utf-8")).items()
}

USUAL = ("facebook", "telegram", "x")
"""The platforms of data sets, of calibration and of recipes that name none: more would change what those are."""


def share_photograph(image: NDArray[np.uint8], platforms: Sequence[str], seed: int) -> bytes:
    """A whole picture after one share or a chain of them; the same picture, chain and seed give the same bytes.

    Args:
        image: uint8 [height, width, 3], RGB.
        platforms: keys of `RULES`, in the order of the shares; at least one.
        seed: with the platform and the pixels it chooses the quality of each share within the platform's range.

    Returns:
        The JPEG file that the last platform hands out.

    Raises:
        TinydfError: if a platform is not known, or none is given.
    """
    if not platforms:
        raise TinydfError("no platform is given", f"choose one or several of {', '.join(RULES)}")
    *earlier, last = platforms
    for platform in earlier:
        image = _decode(_upload(image, platform, seed))
    return _upload(image, last, seed)


def _upload(image: NDArray[np.uint8], platform: str, seed: int) -> bytes:
    rule = _rule(platform)
    height, width = image.shape[:2]
    scale = min(rule.longest / max(height, width), rule.shortest / min(height, width), 1.0)
    quality = _quality(image, platform, rule.qualities, seed)
    return _encode(_resize(image, scale, rule), quality, rule)


def share(image: NDArray[np.uint8], platform: str, seed: int) -> NDArray[np.uint8]:
    """A crop as it comes back from a platform; the same crop, platform and seed give the same bytes.

    Args:
        image: uint8 [height, width, 3], RGB.
        platform: a key of `RULES`, or "pre_social" for no change.
        seed: with the platform and the pixels it chooses the quality within the platform's range.

    Returns:
        uint8 [height, width, 3]; Facebook's is three quarters as high and wide, if that leaves 96 pixels a side.

    Raises:
        TinydfError: if the platform is not known.
    """
    if platform == PRE_SOCIAL:
        return image
    rule = _rule(platform)
    quality = _quality(image, platform, rule.crop_qualities, seed)
    return _decode(_encode(_reduce(image, rule), quality, rule))


def share_randomly(
    image: NDArray[np.uint8], rng: np.random.Generator, platforms: Sequence[str] = USUAL
) -> NDArray[np.uint8]:
    """A picture after one platform, or one time in four after two, each with a random quality: for training.

    Args:
        image: uint8 [height, width, 3], RGB.
        rng: where the platform and the qualities come from.
        platforms: keys of `RULES` to choose from.

    Returns:
        uint8 [height, width, 3]. Facebook reduces it as in `share`, so that a chain leaves 96 pixels a side, too.
    """
    for _ in range(2 if rng.random() < 0.25 else 1):
        rule = RULES[platforms[rng.integers(len(platforms))]]
        low, high = rule.training_qualities
        image = _decode(_encode(_reduce(image, rule), int(rng.integers(low, high + 1)), rule))
    return image


def _rule(platform: str) -> Platform:
    if platform not in RULES:
        raise TinydfError(f"platform {platform!r} is not known", f"choose one of {', '.join(RULES)}")
    return RULES[platform]


def _quality(image: NDArray[np.uint8], platform: str, qualities: tuple[int, int], seed: int) -> int:
    """A quality within the bounds that seed, platform and pixels decide."""
    low, high = qualities
    digest = hashlib.sha256(f"{seed} {platform} ".encode() + image.tobytes()).digest()
    return low + digest[0] % (high - low + 1)


def _reduce(image: NDArray[np.uint8], rule: Platform) -> NDArray[np.uint8]:
    """A crop reduced, unless a detector could no longer take it."""
    small = min(image.shape[:2]) * rule.crop_scale < SMALLEST_SIDE
    return image if small else _resize(image, rule.crop_scale, rule)


def _resize(image: NDArray[np.uint8], scale: float, rule: Platform) -> NDArray[np.uint8]:
    if scale == 1:
        return image
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    return np.asarray(Image.fromarray(image).resize((width, height), FILTERS[rule.filter]))


def _encode(image: NDArray[np.uint8], quality: int, rule: Platform) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(
        buffer, "JPEG", quality=quality, subsampling=SUBSAMPLED_COLOUR, progressive=rule.progressive
    )
    return buffer.getvalue()


def _decode(file: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(file), formats=["JPEG"]) as shared:
        return np.asarray(shared.convert("RGB"))

"""What a platform does to a shared picture: reduce it, then write it as JPEG again.

The qualities follow measurements of uploaded pictures: Facebook re-encodes at 61 to 92 and reduces, Telegram and X
re-encode at about 85 to 87 and keep small pictures' size; all three subsample colour (4:2:0).
"""

import hashlib
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tinydf.data.dataset import PRE_SOCIAL
from tinydf.errors import TinydfError

SUBSAMPLED_COLOUR = "4:2:0"
SMALLEST_SIDE = 96


@dataclass(frozen=True)
class Platform:
    """What one platform does to a picture. Qualities are libjpeg's, bounds included."""

    scale: float
    qualities: tuple[int, int]
    training_qualities: tuple[int, int]


RULES = {
    "facebook": Platform(scale=0.75, qualities=(80, 80), training_qualities=(61, 92)),
    "telegram": Platform(scale=1.0, qualities=(85, 87), training_qualities=(80, 92)),
    "x": Platform(scale=1.0, qualities=(85, 87), training_qualities=(80, 92)),
}


def share(image: NDArray[np.uint8], platform: str, seed: int) -> NDArray[np.uint8]:
    """A picture as it comes back from a platform; the same picture, platform and seed give the same bytes.

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
    low, high = rule.qualities
    digest = hashlib.sha256(f"{seed} {platform} ".encode() + image.tobytes()).digest()
    quality = low + digest[0] % (high - low + 1)
    return _recompress(_reduce(image, rule.scale), quality)


def share_randomly(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A picture after one platform, or one time in four after two, each with a random quality: for training.

    Args:
        image: uint8 [height, width, 3], RGB.
        rng: where the platform and the qualities come from.

    Returns:
        uint8 [height, width, 3]. Facebook reduces it as in `share`, so that a chain leaves 96 pixels a side, too.
    """
    for _ in range(2 if rng.random() < 0.25 else 1):
        rule = RULES[list(RULES)[rng.integers(len(RULES))]]
        low, high = rule.training_qualities
        image = _recompress(_reduce(image, rule.scale), int(rng.integers(low, high + 1)))
    return image


def _rule(platform: str) -> Platform:
    if platform not in RULES:
        raise TinydfError(f"platform {platform!r} is not known", f"choose one of {', '.join(RULES)}")
    return RULES[platform]


def _reduce(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale == 1 or min(image.shape[:2]) * scale < SMALLEST_SIDE:
        return image
    height, width = (round(side * scale) for side in image.shape[:2])
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))


def _recompress(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=SUBSAMPLED_COLOUR)
    with Image.open(buffer, formats=["JPEG"]) as shared:
        return np.asarray(shared.convert("RGB"))

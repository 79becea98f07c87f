# SPDX-License-Identifier: Apache-2.0
"""Pictures made alike in what collectors, not generators, decide: one size, and one last JPEG."""

import io
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BLOCK = 8
LOSSLESS = 100.0


class Common(NamedTuple):
    """What all pictures get: the middle square of `side` pixels, written as JPEG of `quality`, 4:2:0 (0: none is)."""

    side: int
    quality: int


def common_history(generators: Sequence[str], sides: Sequence[int], qualities: Sequence[float]) -> Common:
    """The smallest and the most coarsely compressed collection decide: what they lack nothing can give back.

    Args:
        generators: what made each picture, or its collection.
        sides: the shorter side of each, in pixels.
        qualities: of each one's JPEG file, 100 for what is none.
    """
    by_name: defaultdict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(generators):
        by_name[name].append(number)
    side = min(float(np.median([sides[number] for number in some])) for some in by_name.values())
    quality = min(float(np.median([qualities[number] for number in some])) for some in by_name.values())
    return Common(int(side) // BLOCK * BLOCK, round(quality) if min(qualities) < LOSSLESS else 0)


def equalised(pixels: NDArray[np.uint8], common: Common) -> NDArray[np.uint8] | None:
    """A picture's middle, cut on its JPEG grid and compressed as all others; None if the picture is too small."""
    height, width = pixels.shape[:2]
    if min(height, width) < common.side:
        return None
    top, left = ((length - common.side) // 2 // BLOCK * BLOCK for length in (height, width))
    middle = np.ascontiguousarray(pixels[top : top + common.side, left : left + common.side])
    if not common.quality:
        return middle
    buffer = io.BytesIO()
    Image.fromarray(middle).save(buffer, "JPEG", quality=common.quality, subsampling="4:2:0")
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"))

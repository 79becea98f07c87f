# SPDX-License-Identifier: Apache-2.0
"""Trees in the layouts of TrueFace and TrueFake, made of small real pictures that were really compressed."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_image

from tinydf.data.social import share

SUFFIXES = {"Facebook": "_FB.jpg", "Telegram": "_TL.jpeg", "Twitter": "_TW.jpg"}
TRUEFACE_FAKES = (
    "StyleGAN/images-psi-0.5",
    "StyleGAN/images-psi-0.7",
    "StyleGAN2/conf-f-psi-0.5",
    "StyleGAN2/conf-f-psi-1",
)


def trueface_tree(root: Path, pictures: int = 10, shared: int = 5) -> Path:
    """TrueFace: `pictures` in each subset, of which the first `shared` were shared, named as its authors name them."""
    for number, (subset, real) in enumerate([("FFHQ", True), *((name, False) for name in TRUEFACE_FAKES)]):
        name = "{:05d}" if real else "seed{:04d}"
        before = root / "TrueFace_PreSocial" / ("Real" if real else "Fake") / subset
        before.mkdir(parents=True)
        for one in range(pictures):
            image = _picture(number * pictures + one)
            Image.fromarray(image).save(before / f"{name.format(one)}.png")
            for platform, suffix in SUFFIXES.items() if one < shared else ():
                after = root / "TrueFace_PostSocial" / platform / ("0_Real" if real else "1_Fake") / subset
                after.mkdir(parents=True, exist_ok=True)
                seen = share(image, {"Twitter": "x"}.get(platform, platform.lower()), seed=0)
                Image.fromarray(seen).save(after / f"{one:05d}{suffix}", quality=95)
    return root


def truefake_tree(root: Path, pictures: int = 6) -> Path:
    """TrueFake's collections and two of its generators; all pictures shared, by the same name."""
    subsets = ("Real/FFHQ", "Real/FORLAB", "Fake/StyleGAN3/conf-t-psi-0.5", "Fake/FLUX.1/animals")
    for number, subset in enumerate(subsets):
        for platform in ("PreSocial", *SUFFIXES):
            (root / platform / subset).mkdir(parents=True)
            for one in range(pictures):
                image = _picture(number * pictures + one)
                suffix = ".png" if platform == "PreSocial" else ".jpg"
                Image.fromarray(image).save(root / platform / subset / f"{one:04d}{suffix}", quality=90)
    return root


def _picture(number: int) -> NDArray[np.uint8]:
    photograph = load_sample_image(("china.jpg", "flower.jpg")[number % 2])
    top, left = np.random.default_rng(number).integers(200, size=2)
    return np.ascontiguousarray(photograph[top : top + 160, left : left + 160])

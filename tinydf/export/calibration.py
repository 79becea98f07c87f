# SPDX-License-Identifier: Apache-2.0
"""The images from which the ranges of the int8 tensors are taken."""

import numpy as np
from numpy.typing import NDArray

from tinydf.artefacts.preprocess import Preprocess
from tinydf.data.dataset import Dataset
from tinydf.data.social import share_randomly

SOURCES = 200
"""At most this many training images; each comes as it is and compressed as platforms do."""


def calibration_crops(data: Dataset, preprocess: Preprocess) -> NDArray[np.uint8]:
    """Crops of the training split, evenly spaced, each also as it comes back from a platform, seeded by its place.

    The darkest and the lightest value of all become 0 and 255, so that an int8 input is exactly `pixel - 128`.

    Returns:
        uint8 [images, size, size, 3].
    """
    samples = list(data.samples("train"))
    chosen = np.unique(np.linspace(0, len(samples) - 1, min(SOURCES, len(samples)), dtype=int))
    crops = []
    for place in chosen:
        image = samples[place].image
        crops.append(preprocess.crop_image(image))
        shared = share_randomly(image, np.random.default_rng([int(place)]))
        if min(shared.shape[:2]) >= preprocess.size:
            crops.append(preprocess.crop_image(shared))
    stacked = np.stack(crops)
    stacked.flat[stacked.argmin()] = 0
    stacked.flat[stacked.argmax()] = 255
    return stacked

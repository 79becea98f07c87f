# SPDX-License-Identifier: Apache-2.0
"""Images as tensors, and splits that nothing can be learned from."""

import numpy as np
import pytest

from tinydf.artefacts.preprocess import Preprocess
from tinydf.errors import TinydfError
from tinydf.train.images import demand_both_classes, to_tensor


def test_the_tensor_is_what_preprocess_makes() -> None:
    preprocess = Preprocess(size=96, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    image = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    expected = preprocess.to_float(image).transpose(2, 0, 1)
    assert np.allclose(to_tensor(image[None], preprocess)[0].numpy(), expected, atol=1e-6)


def test_a_split_without_fakes_is_refused() -> None:
    with pytest.raises(TinydfError, match="the training split has 0 fake images: it needs at least 4"):
        demand_both_classes(np.zeros(8, np.int64), 4, "the training split")

# SPDX-License-Identifier: Apache-2.0
"""Which choices of channels are a shuffle that the converter may transpose."""

import numpy as np
import pytest

from tinydf.export.converter import _shuffled_groups


@pytest.mark.parametrize("groups", [2, 3, 4, 6, 12])
def test_a_shuffle_has_groups(groups: int) -> None:
    assert _shuffled_groups(np.arange(24).reshape(groups, -1).T.ravel()) == groups


def test_another_choice_has_none() -> None:
    for order in (np.arange(24), np.roll(np.arange(24), 6), np.arange(24)[::-1], np.zeros(24, int), np.zeros(0, int)):
        assert _shuffled_groups(order) == 1

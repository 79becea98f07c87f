# SPDX-License-Identifier: Apache-2.0
"""A cache of their own for the emulated boards of the tests."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Emulated boards of the tests do not meet the user's."""
    monkeypatch.setenv("TINYDF_CACHE", str(cache))

# SPDX-License-Identifier: Apache-2.0
"""The benchmark of sharing: its measures are right, and what it wrote last keeps to what was measured on platforms."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.share import TRUEFAKE, Results, psnr_of, ssim_of

WRITTEN = Path(__file__).parents[2] / "benchmarks" / "share.json"


def test_psnr_and_ssim() -> None:
    flat = np.full((64, 64, 3), 128, np.uint8)
    assert psnr_of(flat, flat + np.uint8(4)) == pytest.approx(20 * np.log10(255 / 4))
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert ssim_of(noise, noise) == pytest.approx(1.0)
    assert abs(ssim_of(noise, np.roll(noise, 7, axis=0))) < 0.1
    # of flat pictures only the means are compared: (2 x y + c) / (x x + y y + c), c = (0.01 255)^2
    expected = (2 * 128 * 160 + 2.55**2) / (128**2 + 160**2 + 2.55**2)
    assert ssim_of(flat, flat + np.uint8(32)) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("platform", TRUEFAKE)
def test_photographs_come_back_as_damaged_as_truefake_measured(platform: str) -> None:
    results = Results.model_validate_json(WRITTEN.read_text())
    figures = next(one for one in results.fidelity if one.platform == platform and not one.least_side)
    assert figures.pictures == 65
    assert abs(figures.psnr - figures.truefake_psnr) <= 1.5
    assert abs(figures.ssim - figures.truefake_ssim) <= 0.02

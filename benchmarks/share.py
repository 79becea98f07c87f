# SPDX-License-Identifier: Apache-2.0
"""Sharing measured: how fast folders are shared, and how near the result is to what platforms were measured to do.

`make bench-share` writes `share.json` and `share.md` beside this file.

The pictures are the embedded set's photographs, reduced so that their own JPEG is forgotten. PSNR and SSIM are those of
the picture that was uploaded and the one handed out, enlarged to the size of the first where it was reduced; over red,
green and blue. TrueFake does not say how it compared pictures of two sizes.
"""

import argparse
import io
import os
import resource
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from pydantic import BaseModel
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tinydf.cli.console import note
from tinydf.cli.main import errors_as_lines
from tinydf.data.demo import reduce
from tinydf.data.parallel import cores, in_processes
from tinydf.data.photographs import COLLECTIONS, Photograph, photographs
from tinydf.data.share_folder import share_folder
from tinydf.data.social import share_photograph
from tinydf.files import write_json, write_text

TRUEFAKE = {"facebook": (36.21, 0.92), "telegram": (37.09, 0.93), "x": (39.26, 0.95)}
"""Mean PSNR in dB and SSIM, arXiv 2504.20658, table II."""

CHAINS = (("facebook",), ("telegram",), ("x",), ("facebook", "telegram"))
SIDE = 1024


class Fidelity(BaseModel):
    """How near shared pictures are to those uploaded, on average."""

    platform: str
    least_side: int
    pictures: int
    psnr: float
    ssim: float
    truefake_psnr: float
    truefake_ssim: float


class Speed(BaseModel):
    """How fast a folder of 1024x1024 PNG pictures is shared: reading, sharing and writing."""

    platforms: list[str]
    workers: int
    pictures: int
    images_per_second: float
    processor_milliseconds: float


class Results(BaseModel):
    cores: int
    load: float
    fidelity: list[Fidelity]
    speed: list[Speed]


def compare(pictures: list[Photograph], platform: str) -> list[Fidelity]:
    """PSNR and SSIM of photographs shared on a platform: of all, and of the large ones among them."""
    figures = np.array(list(in_processes(_compare_one, [(picture, platform) for picture in pictures])))
    found = []
    for least in (0, SIDE):
        mine = figures[figures[:, 2] >= least]
        psnr, ssim, _ = mine.mean(axis=0)
        found.append(
            Fidelity(
                platform=platform,
                least_side=least,
                pictures=len(mine),
                psnr=round(float(psnr), 2),
                ssim=round(float(ssim), 4),
                truefake_psnr=TRUEFAKE[platform][0],
                truefake_ssim=TRUEFAKE[platform][1],
            )
        )
    return found


def _compare_one(job: tuple[Photograph, str]) -> tuple[float, float, int]:
    picture, platform = job
    before = reduce(_open(picture))
    with Image.open(io.BytesIO(share_photograph(before, [platform], seed=0))) as shared:
        after = np.asarray(shared.resize((before.shape[1], before.shape[0]), Image.Resampling.BICUBIC))
    return psnr_of(before, after), ssim_of(before, after), min(before.shape[:2])


def psnr_of(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Peak signal to noise ratio in dB, over all channels."""
    return float(peak_signal_noise_ratio(one, other))


def ssim_of(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Structural similarity (Wang et al. 2004) in windows of 7x7, mean over pixels and channels."""
    _, likeness = structural_similarity(one, other, channel_axis=2, use_sample_covariance=False, full=True)
    return float(likeness.mean())


def time_folder(directory: Path, scratch: Path, platforms: tuple[str, ...], workers: int) -> Speed:
    """Share a folder with so many processes; their start is counted, too."""
    before = _processor_seconds()
    report = share_folder(directory, scratch / f"{'-'.join(platforms)}-{workers}", platforms, workers=workers)
    return Speed(
        platforms=list(platforms),
        workers=workers,
        pictures=report.shared,
        images_per_second=report.images_per_second,
        processor_milliseconds=round((_processor_seconds() - before) * 1000 / report.shared, 1),
    )


def _processor_seconds() -> float:
    """Of this process and of those that it ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _open(picture: Photograph) -> Image.Image:
    with Image.open(io.BytesIO(picture.data), formats=["JPEG"]) as image:
        return image.convert("RGB")


def _write_squares(pictures: list[Photograph], directory: Path, turns: int) -> None:
    """Each photograph as a 1024x1024 PNG, as TrueFace's pictures are, and turned, so that there are more."""
    directory.mkdir()
    for picture in pictures:
        square = np.asarray(ImageOps.fit(_open(picture), (SIDE, SIDE)))
        for turn in range(turns):
            Image.fromarray(np.rot90(square, turn)).save(directory / f"{picture.id}-{turn}.png", compress_level=1)


def as_markdown(results: Results) -> str:
    """The results as tables."""
    lines = [
        "# Sharing",
        "",
        "Written by `make bench-share`; what it measures is in `benchmarks/share.py`.",
        "",
        "## Near to the platforms",
        "",
        f"All photographs of the embedded set, and those of {SIDE} pixels a side and more.",
        "",
        "| platform | photographs | PSNR, dB | TrueFake | difference | SSIM | TrueFake | difference |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in results.fidelity:
        psnr = f"{one.psnr:.2f} | {one.truefake_psnr:.2f} | {one.psnr - one.truefake_psnr:+.2f}"
        ssim = f"{one.ssim:.3f} | {one.truefake_ssim:.2f} | {one.ssim - one.truefake_ssim:+.3f}"
        which = f"{one.pictures} from {one.least_side} px" if one.least_side else f"all {one.pictures}"
        lines.append(f"| {one.platform} | {which} | {psnr} | {ssim} |")
    lines += [
        "",
        "## Speed",
        "",
        f"`tinydf data share` on {SIDE}x{SIDE} PNG pictures. The machine has {results.cores} cores and had a load of",
        f"{results.load:.1f} before it began; on a busy machine the processor time is the surer figure.",
        "",
        "| chain | processes | pictures | images/s | processor time an image, ms |",
        "|---|---|---|---|---|",
    ]
    for run in results.speed:
        chain = ", ".join(run.platforms)
        figures = f"{run.images_per_second:.1f} | {run.processor_milliseconds:.1f}"
        lines.append(f"| {chain} | {run.workers} | {run.pictures} | {figures} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the two files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    out = parser.parse_args().out
    pictures = [one for collection in COLLECTIONS for one in photographs(collection)]
    load = os.getloadavg()[0]
    fidelity: list[Fidelity] = []
    for platform in TRUEFAKE:
        note(f"comparing {platform}")
        fidelity += compare(pictures, platform)
    with tempfile.TemporaryDirectory(prefix="tinydf-") as name:
        scratch = Path(name)
        _write_squares(pictures, scratch / "in", turns=3)
        speed = [time_folder(scratch / "in", scratch, chain, workers) for chain in CHAINS for workers in (1, 2)]
    results = Results(cores=cores(), load=round(load, 2), fidelity=fidelity, speed=speed)
    write_json(out / "share.json", results)
    write_text(out / "share.md", as_markdown(results))


if __name__ == "__main__":
    with errors_as_lines():
        main()

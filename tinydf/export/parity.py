# SPDX-License-Identifier: Apache-2.0
"""`parity.json`: how far ONNX, float TFLite and int8 TFLite are from the detector that they came from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinydf.artefacts.parity import LIMITS, StageParity
from tinydf.artefacts.preprocess import Preprocess, mean_scores
from tinydf.data.dataset import Dataset, Sample, Split
from tinydf.errors import TinydfError
from tinydf.metrics.figures import balanced_accuracy

Logits = NDArray[np.floating[Any]]
"""Float [crops, 2], real and fake."""
FEWEST, MOST = 200, 2000


@dataclass(frozen=True)
class ParityImages:
    """Images to compare by.

    Attributes:
        crops: uint8 [crops, size, size, 3], image after image.
        counts: int64 [images], how many crops each image has.
        labels: int64 [images].
        platforms: the platform of each image of the test split; "" for images that were added to have enough.
        seen: bool [images], whether training saw the generator.
    """

    crops: NDArray[np.uint8]
    counts: NDArray[np.int64]
    labels: NDArray[np.int64]
    platforms: NDArray[np.str_]
    seen: NDArray[np.bool_]

    def floats(self, preprocess: Preprocess) -> NDArray[np.float32]:
        """The float inputs, float32 [crops, size, size, 3]."""
        return preprocess.to_float(self.crops)


def parity_images(data: Dataset, preprocess: Preprocess, split: Split = "test") -> ParityImages:
    """A split as seen on every platform (at most 2000 images, evenly spaced).

    Where the test split has fewer than 200 images, the others help out: in errors and agreement, never in accuracy.
    """
    samples = [one for platform in data.platforms(split) for one in data.samples(split, platform)]
    if len(samples) > MOST:
        samples = [samples[place] for place in np.linspace(0, len(samples) - 1, MOST, dtype=int)]
    extra: list[Sample] = []
    for other in ("validation", "train") if split == "test" else ():
        for platform in data.platforms(other):
            if len(samples) + len(extra) < FEWEST:
                extra += data.samples(other, platform)
    everything = samples + extra
    if not everything:
        raise TinydfError(f"{data.directory} has no images to compare by", "make the data set again")
    crops = [preprocess.crop_images(one.image) for one in everything]
    return ParityImages(
        crops=np.concatenate(crops),
        counts=np.array([len(one) for one in crops], np.int64),
        labels=np.array([one.label for one in everything], np.int64),
        platforms=np.array([one.platform for one in samples] + [""] * len(extra)),
        seen=np.array([data.seen(one.generator) for one in everything]),
    )


def compare(
    stage: str,
    images: ParityImages,
    logits: Logits,
    reference: Logits,
    threshold: float,
) -> StageParity:
    """Figures of a stage's logits, float [crops, 2], against the reference's.

    Raises:
        TinydfError: if a logit is infinite or not a number.
    """
    if not np.isfinite(logits).all():
        raise TinydfError(f"stage {stage} gives logits that are not finite numbers", "train again, or repair the model")
    scores, wanted = (mean_scores(one, images.counts) for one in (logits, reference))
    return StageParity(
        stage=stage,
        largest_error=float(np.abs(logits.astype(np.float64) - reference).max()),
        rmse=float(np.sqrt(np.mean((scores - wanted) ** 2))),
        agreement=float(np.mean((scores > threshold) == (wanted > threshold))),
        balanced_accuracy=_by_platform(images, images.seen, scores, threshold),
        balanced_accuracy_all=_by_platform(images, np.ones_like(images.seen), scores, threshold),
    )


def check_parity(stage: StageParity, reference: StageParity, hint: str = "") -> None:
    """Hold a stage against its limits; `hint` says where to look if it is outside.

    Raises:
        TinydfError: if it is outside, naming the stage, the figure and the limit.
    """
    limits = LIMITS[stage.stage]
    loss = mean(reference.balanced_accuracy_all) - mean(stage.balanced_accuracy_all)
    if limits.largest_error is not None and stage.largest_error > limits.largest_error:
        why = f"a logit is off by {stage.largest_error:.2g}, more than {limits.largest_error:g}"
    elif stage.agreement < limits.agreement:
        why = f"{stage.agreement:.1%} of the verdicts agree, fewer than {limits.agreement:.1%}"
    elif loss > limits.accuracy_loss:
        why = f"balanced accuracy falls by {loss:.3f}, more than {limits.accuracy_loss:g}"
    else:
        return
    raise TinydfError(f"stage {stage.stage} differs too much from the detector it came from: {why}", hint)


def mean(accuracies: dict[str, float | None]) -> float:
    """Mean over the platforms that have one; 0 if none has."""
    known = [one for one in accuracies.values() if one is not None]
    return sum(known) / len(known) if known else 0.0


def _by_platform(
    images: ParityImages, chosen: NDArray[np.bool_], scores: NDArray[np.float64], threshold: float
) -> dict[str, float | None]:
    accuracies = {}
    for platform in dict.fromkeys(images.platforms.tolist()):
        if platform:
            here = chosen & (images.platforms == platform)
            accuracies[platform] = balanced_accuracy(images.labels[here], scores[here], threshold)
    return accuracies

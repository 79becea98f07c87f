# SPDX-License-Identifier: Apache-2.0
"""What a data set holds, in numbers."""

from collections import Counter
from pathlib import Path

from pydantic import Field

from tinydf.data.dataset import FAKE, REAL, SPLITS, Dataset, Shortcut, Strict


class Row(Strict):
    """The images of one split as seen on one platform."""

    split: str
    platform: str
    real: int
    fake: int
    by_generator: dict[str, int]


class DatasetSummary(Strict):
    """The counts of a data set."""

    directory: str
    name: str
    tier: str
    sha256: str
    generators: dict[str, str] = Field(description="name -> real, fake, or fake, unseen")
    rows: list[Row]
    sources: dict[str, int]
    licences: dict[str, int]
    credits: list[str] = Field(description="the sources whose licence asks that their makers are named, and those")
    skipped: list[str]
    shortcuts: list[Shortcut] = Field(description="what separates the classes without traces, see audit.py")


def summarise(directory: Path) -> DatasetSummary:
    """Count a data set's images, reading (and so checking) every one.

    Raises:
        TinydfError: if there is no data set, or it is damaged.
    """
    dataset = Dataset(directory)
    rows = []
    kinds: dict[str, str] = {}
    for split in SPLITS:
        for platform in dataset.platforms(split):
            labels: Counter[int] = Counter()
            generators: Counter[str] = Counter()
            for sample in dataset.samples(split, platform):
                labels[sample.label] += 1
                generators[sample.generator] += 1
                kinds[sample.generator] = "real" if sample.label == REAL else "fake"
            rows.append(
                Row(
                    split=split,
                    platform=platform,
                    real=labels[REAL],
                    fake=labels[FAKE],
                    by_generator=dict(sorted(generators.items())),
                )
            )
    info = dataset.info
    licences = Counter(one.licence for one in info.sources)
    return DatasetSummary(
        directory=str(directory),
        name=info.name,
        tier=info.tier,
        sha256=dataset.sha256,
        generators={
            name: kind if dataset.seen(name) else f"{kind}, unseen"
            for name, kind in sorted(kinds.items(), key=_real_first)
        },
        rows=rows,
        sources={split: sum(one.split == split for one in info.sources) for split in SPLITS},
        licences=dict(sorted(licences.items())),
        credits=[f"{one.licence}: {one.origin}" for one in info.sources if one.licence.startswith("CC")],
        skipped=info.skipped,
        shortcuts=info.shortcuts or [],
    )


def _real_first(item: tuple[str, str]) -> tuple[bool, str]:
    name, kind = item
    return kind != "real", name

"""What a data set holds, in numbers."""

from collections import Counter
from pathlib import Path

from tinydf.data.dataset import FAKE, REAL, SPLITS, Dataset, Strict


class Row(Strict):
    """The images of one split as seen on one platform."""

    split: str
    platform: str
    real: int
    fake: int
    by_generator: dict[str, int]


class Summary(Strict):
    """The counts of a data set."""

    directory: str
    name: str
    tier: str
    sha256: str
    generators: list[str]
    rows: list[Row]
    sources: dict[str, int]
    licences: dict[str, int]
    skipped: list[str]


def summarise(directory: Path) -> Summary:
    """Count a data set's images, reading (and so checking) every one.

    Raises:
        TinydfError: if there is no data set, or it is damaged.
    """
    dataset = Dataset(directory)
    rows = []
    for split in SPLITS:
        for platform in dataset.platforms(split):
            labels: Counter[int] = Counter()
            generators: Counter[str] = Counter()
            for sample in dataset.samples(split, platform):
                labels[sample.label] += 1
                generators[sample.generator] += 1
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
    return Summary(
        directory=str(directory),
        name=info.name,
        tier=info.tier,
        sha256=dataset.sha256,
        generators=sorted({name for row in rows for name in row.by_generator}),
        rows=rows,
        sources={split: sum(one.split == split for one in info.sources) for split in SPLITS},
        licences=dict(sorted(licences.items())),
        skipped=info.skipped,
    )

# SPDX-License-Identifier: Apache-2.0
"""The page: facts, plots and sample images poured into one HTML file that asks nothing of a network."""

import base64
import importlib.util
import io
import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict

from tinydf import __version__
from tinydf.bench.images import images
from tinydf.bench.journal import Answer
from tinydf.bench.summary import CYCLES, EMULATED, UNITS, device_case
from tinydf.data.dataset import Sample, Source
from tinydf.files import write_text
from tinydf.installation import install
from tinydf.metrics.accuracy import Case, group, pick
from tinydf.report.chain import Artefacts
from tinydf.report.facts import BASELINE, DEVICE, FLOAT, INT8, Facts, known_generators

logger = logging.getLogger(__name__)

PLATFORMS = {"pre_social": "Not shared", "facebook": "Facebook", "telegram": "Telegram", "x": "X"}
STAGES = {
    BASELINE: "Float, trained without augmentation",
    FLOAT: "Float",
    INT8: "Int8 on the host",
    DEVICE: "Int8 on the device",
}
SHOWN = 16
"""Sample images of each kind."""


class Shown(BaseModel):
    """A sample image as the page shows it."""

    model_config = ConfigDict(frozen=True)

    data: str
    fake: bool
    label: int
    generator: str
    platform: str
    photograph: str
    steps: int


def write_page(facts: Facts, artefacts: Artefacts, path: Path) -> None:
    """Write the report as one HTML file."""
    write_text(path, render(facts, artefacts))


def render(facts: Facts, artefacts: Artefacts) -> str:
    """The page's HTML. All that comes from artefacts is escaped; only the plots are markup."""
    environment = Environment(
        loader=PackageLoader("tinydf.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"rate": _rate, "count": _count, "kib": _kib, "platform": _platform}
    right, wrong = _samples(artefacts)
    return environment.get_template(
        "page.html.j2"
    ).render(
        facts=facts,
        bench=facts.bench,
        absent=_absent(artefacts),
        stages={name: STAGES[name] for name in facts.accuracy},
        platforms=list(facts.accuracy[DEVICE].all) if facts.bench else [],
        plots={name: Markup(svg) for name, svg in _plots(facts, artefacts).items()},  # noqa: S704  # drawn here
        threshold_steps=artefacts.manifest.decision.threshold_steps,
        right=right,
        wrong=wrong,
        photographs=_photographs(artefacts, [*right, *wrong]),
        started=min(one.started for one in artefacts.journal.sessions)[:10] if artefacts.journal else None,
        is_cycles=facts.bench is not None and facts.bench.ticks.unit == UNITS[CYCLES],
        is_emulated=facts.bench is not None and facts.bench.ticks.unit == UNITS[EMULATED],
        build_id=artefacts.build.build_id if artefacts.build else facts.bench.build_id if facts.bench else None,
        flash_bytes=artefacts.build.flash_bytes if artefacts.build else None,
        version=__version__,
    )


def _absent(artefacts: Artefacts) -> list[str]:
    """What a whole chain has and this one has not."""
    there = {
        "the run that trained it": artefacts.run,
        "the images": artefacts.dataset,
        "the firmware": artefacts.build,
        "a bench": artefacts.bench,
    }
    return [name for name, one in there.items() if one is None]


def _plots(facts: Facts, artefacts: Artefacts) -> dict[str, str]:
    """The plots by name; none where matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        logger.info("no plots without matplotlib: %s", install("report"))
        return {}
    from tinydf.report import plots

    of_the_plan = {"arena": plots.arena(facts.plan)}
    if facts.bench is None or artefacts.journal is None:
        return {"layers": plots.layers(facts.plan, [], ""), **of_the_plan}
    known = known_generators(artefacts)
    cases = [device_case(one) for one in artefacts.journal.answers.values()]
    panels = {"Generators that training saw": _curves(pick(cases, known, seen=True))}
    if facts.accuracy[DEVICE].unseen:
        panels["Generators never seen"] = _curves(pick(cases, known, seen=False))
    bars = {
        STAGES[name]: {platform: one.balanced_accuracy for platform, one in accuracy.seen.items()}
        for name, accuracy in facts.accuracy.items()
    }
    return {
        "accuracy": plots.accuracy(bars, {name: _platform(name) for name in facts.accuracy[DEVICE].all}),
        "roc": plots.roc(panels),
        "layers": plots.layers(facts.plan, facts.bench.layers, facts.bench.ticks.unit),
        **of_the_plan,
    }


def _curves(cases: list[Case]) -> dict[str, list[Case]]:
    return {_platform(name): some for name, some in group(cases, "platform").items()}


def _samples(artefacts: Artefacts) -> tuple[list[Shown], list[Shown]]:
    """Images that the board judged right, of every platform and class, and those it was most wrong about."""
    if artefacts.journal is None or artefacts.dataset is None:
        return [], []
    answers = sorted(artefacts.journal.answers.values(), key=_margin)
    wrong = _different(one for one in reversed(answers) if one.fake != bool(one.label))[:SHOWN]
    right = _spread([one for one in answers if one.fake == bool(one.label)])
    samples = dict(images(artefacts.dataset, artefacts.journal.header.split, {one.index for one in (*right, *wrong)}))
    crop = artefacts.manifest.preprocess.crop_image
    shown = {index: _shown(artefacts.journal.answers[index], one, crop(one.image)) for index, one in samples.items()}
    return [shown[one.index] for one in right], [shown[one.index] for one in wrong]


def _different(answers: Iterable[Answer]) -> list[Answer]:
    """The first answer about each crop, on whichever platform."""
    first: dict[str, Answer] = {}
    for one in answers:
        first.setdefault(one.key, one)
    return list(first.values())


def _spread(answers: list[Answer]) -> list[Answer]:
    """A few of each platform and class, those in the middle by margin: neither the easiest nor the hardest.

    Args:
        answers: by margin.
    """
    kinds: dict[tuple[str, int], list[Answer]] = {}
    for one in answers:
        kinds.setdefault((one.platform, one.label), []).append(one)
    each = max(1, SHOWN // max(1, len(kinds)))
    chosen: list[Answer] = []
    for some in kinds.values():
        taken = {one.key for one in chosen}
        fresh = [one for one in some if one.key not in taken] or some
        middle = max(0, (len(fresh) - each) // 2)
        chosen += fresh[middle : middle + each]
    return sorted(chosen, key=lambda one: one.index)[:SHOWN]


def _margin(answer: Answer) -> float:
    return abs(device_case(answer).score)


def _shown(answer: Answer, sample: Sample, crop: NDArray[np.uint8]) -> Shown:
    png = io.BytesIO()
    Image.fromarray(crop).save(png, "PNG", optimize=True)
    return Shown(
        data="data:image/png;base64," + base64.b64encode(png.getvalue()).decode(),
        fake=answer.fake,
        label=answer.label,
        generator=answer.generator,
        platform=_platform(answer.platform),
        photograph=sample.source,
        steps=int(device_case(answer).score),
    )


def _photographs(artefacts: Artefacts, shown: list[Shown]) -> list[Source]:
    """What the shown crops are cut from, to be named with author and licence."""
    ids = {one.photograph for one in shown}
    sources = artefacts.dataset.info.sources if artefacts.dataset else []
    return [source for source in sources if source.id in ids]


def _platform(name: str) -> str:
    return PLATFORMS.get(name, name)


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _kib(value: int | None) -> str:
    return "–" if value is None else f"{value / 1024:,.1f} KiB"

# SPDX-License-Identifier: Apache-2.0
"""A data set directory: `dataset.json` and tar shards of PNG images, each beside a JSON of what it is.

The shards follow the WebDataset convention (`KEY.png`, `KEY.json`), so that other tools can read them in order.
"""

import io
import itertools
import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from tinydf.errors import TinydfError
from tinydf.files import read_record, sha256_bytes, sha256_file

FILE = "dataset.json"
MADE_BY = "tinydf data demo"
REAL, FAKE = 0, 1
PRE_SOCIAL = "pre_social"
PLATFORMS = (PRE_SOCIAL, "facebook", "telegram", "x")
MAX_PNG_BYTES = 16 << 20
MAX_SHARD_SAMPLES = 1000

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(Strict):
    """What an image is; the JSON beside it in the shard."""

    label: Literal[0, 1] = Field(description="0 real, 1 fake")
    generator: str = Field(description='"camera" for an untouched photograph, else what made the image')
    source: str = Field(description="the source photograph; a source is in one split only")


class Sample(BaseModel):
    """One image of a data set. `image` is uint8 [height, width, 3], RGB."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    key: str
    split: Split
    platform: str
    label: int
    generator: str
    source: str
    image: NDArray[np.uint8]


class Shard(Strict):
    """One tar file of samples, all of one split and platform."""

    path: str = Field(pattern=r"^shards/[a-z0-9_.-]+\.tar$")
    split: Split
    platform: str
    count: int = Field(ge=1)
    sha256: str


class Source(Strict):
    """A photograph (or face image) that crops were cut from."""

    id: str
    split: Split
    origin: str = Field(description="package and file, or path, that it came from")
    licence: str
    sha256: str
    group: str = Field(description="photographs of one scene share a group, and a group is in one split")


class Generator(Strict):
    """What made images of the data set from the sources' crops."""

    name: str
    label: Literal[0, 1] = Field(description="1 for a neural generator, 0 for a classical control")
    origin: str
    licence: str
    sha256: str | None = Field(default=None, description="of the package its weights are read from")
    seen: bool = Field(description="false if it makes images of the test split only")


class Shortcut(Strict):
    """How well something that has nothing to do with how pictures were made tells fakes from reals."""

    kind: str = Field(description="format, size, JPEG quality, colour statistics or border")
    generator: str = Field(description="whose pictures are told from the reals")
    auc: float = Field(ge=0.5, le=1)


class DatasetInfo(Strict):
    """`dataset.json`."""

    format: int = 1
    name: str
    tier: str
    seed: int
    crop: int = Field(description="height and width of the crops before sharing, in pixels")
    sources: list[Source]
    generators: list[Generator]
    shards: list[Shard]
    skipped: list[str] = Field(default=[], description="what was left out, each with the reason")
    shortcuts: list[Shortcut] | None = Field(
        default=None, description="the audit of pictures from folders, see audit.py"
    )

    @model_serializer(mode="wrap")
    def _as_before(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without an audit, the keys of data sets that never had one: their bytes, and so their SHA-256, stay."""
        values: dict[str, Any] = plain(self)
        if self.shortcuts is None:
            del values["shortcuts"]
        return values


def platform_order(platform: str) -> tuple[int, str]:
    """What platforms are sorted by: pre-social first, then those that are simulated, then others by name."""
    return (PLATFORMS.index(platform) if platform in PLATFORMS else len(PLATFORMS), platform)


class Dataset:
    """A data set on disk, read shard by shard."""

    def __init__(self, directory: Path) -> None:
        """Open a data set.

        Raises:
            TinydfError: if there is none, or its `dataset.json` does not fit the schema.
        """
        self.directory = directory
        self.info = read_record(DatasetInfo, directory / FILE, MADE_BY)
        self.sha256 = sha256_file(directory / FILE)

    def platforms(self, split: Split) -> list[str]:
        """The platforms that a split has images of, pre-social first."""
        have = {shard.platform for shard in self.info.shards if shard.split == split}
        return sorted(have, key=platform_order)

    def count(self, split: Split, platform: str = PRE_SOCIAL) -> int:
        """How many images a split has of a platform."""
        return sum(shard.count for shard in self._shards(split, platform))

    def seen(self, generator: str) -> bool:
        """Whether this data set's training split has images of a generator (photographs count as seen)."""
        return all(one.seen for one in self.info.generators if one.name == generator)

    def known(self, generators: Iterable[str], learned: Sequence[str] | None) -> dict[str, bool]:
        """Of each generator, whether a detector has seen it: a property of both, and not of this data set.

        Args:
            generators: names; reals count as seen.
            learned: whose fakes the detector learned from, as its run recorded; this data set's own if it did not.
        """
        fakes = {one.name for one in self.info.generators if one.label == FAKE}
        return {
            name: self.seen(name) if learned is None else name not in fakes or name in learned for name in generators
        }

    @property
    def learned(self) -> tuple[str, ...]:
        """The generators whose fakes are in the training split."""
        return tuple(one.name for one in self.info.generators if one.label == FAKE and one.seen)

    def samples(self, split: Split, platform: str = PRE_SOCIAL) -> Iterator[Sample]:
        """The images of a split as seen on a platform, in the shards' order.

        Raises:
            TinydfError: if there are none, or a shard is missing, damaged, or not the one that was written.
        """
        for shard in self.shards(split, platform):
            yield from read_shard(self.directory, shard)

    def shards(self, split: Split, platform: str = PRE_SOCIAL) -> list[Shard]:
        """The shards of a split as seen on a platform, in their order.

        Raises:
            TinydfError: if there are none.
        """
        shards = self._shards(split, platform)
        if not shards:
            raise TinydfError(f"{self.directory} has no {split} images of {platform}", f"make it with `{MADE_BY}`")
        return shards

    def _shards(self, split: Split, platform: str) -> list[Shard]:
        return [one for one in self.info.shards if (one.split, one.platform) == (split, platform)]


def read_shard(directory: Path, shard: Shard) -> Iterator[Sample]:
    """The images of one shard, in its order.

    Raises:
        TinydfError: if the shard is missing, damaged, or not the one that was written.
    """
    with open_shard(directory, shard) as tar:
        for png, _, label in members(tar):
            yield Sample(
                key=png.name.removesuffix(".png"),
                split=shard.split,
                platform=shard.platform,
                image=decode_png(_read_member(tar, png), f"{tar.name!s}:{png.name}"),
                **label.model_dump(),
            )


@contextmanager
def open_shard(directory: Path, shard: Shard) -> Iterator[tarfile.TarFile]:
    """A shard to read from, when it is known to be the one that was written.

    Raises:
        TinydfError: if the shard is missing, damaged, or not the one that was written.
    """
    path = directory / shard.path
    if not path.is_file() or sha256_file(path) != shard.sha256:
        raise TinydfError(f"{path} is missing or is not the shard that was written", "make the data set again")
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except (tarfile.TarError, ValueError) as error:
        raise TinydfError(f"{path} is damaged ({error})", "make the data set again") from None


def members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarInfo, Label]]:
    """Each image of an open shard: its PNG, the JSON behind it, and what that says."""
    found = tar.getmembers()
    for png, described in zip(found[0::2], found[1::2], strict=True):
        yield png, described, Label.model_validate_json(_read_member(tar, described))


def write_shards(directory: Path, split: Split, platform: str, samples: Iterable[Sample]) -> list[Shard]:
    """Write samples of one split and platform as shards below `directory`, byte for byte the same each time.

    No more than one shard's samples are held in memory.
    """
    shards: list[Shard] = []
    remaining = iter(samples)
    while part := list(itertools.islice(remaining, MAX_SHARD_SAMPLES)):
        shards.append(write_shard(directory, split, platform, len(shards), part))
    return shards


def write_shard(directory: Path, split: Split, platform: str, number: int, samples: list[Sample]) -> Shard:
    """Write one shard, the `number`-th of its split and platform."""
    name = f"shards/{split}-{platform}-{number:05d}.tar"
    data = _tar(samples)
    (directory / "shards").mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(data)
    return Shard(path=name, split=split, platform=platform, count=len(samples), sha256=sha256_bytes(data))


def _tar(samples: list[Sample]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for sample in samples:
            png = io.BytesIO()
            Image.fromarray(sample.image).save(png, "PNG", compress_level=4)
            described = {"label": sample.label, "generator": sample.generator, "source": sample.source}
            for suffix, data in (("png", png.getvalue()), ("json", json.dumps(described).encode())):
                member = tarfile.TarInfo(f"{sample.key}.{suffix}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _read_member(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member) if member.isreg() and member.size <= MAX_PNG_BYTES else None
    if file is None:
        raise TinydfError(f"{tar.name!s}: {member.name} is not a file of a data set", "make the data set again")
    return file.read()


def decode_png(png: bytes, where: str) -> NDArray[np.uint8]:
    """A shard's image: uint8 [height, width, 3], RGB.

    Raises:
        TinydfError: naming `where`, if it is no PNG.
    """
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise TinydfError(f"{where}: {error}", "make the data set again") from None

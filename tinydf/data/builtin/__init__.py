# SPDX-License-Identifier: Apache-2.0
"""The test set that comes with the tool: crops of freely licensed photographs, and their regenerations.

`crops.tar` is a shard of test images before sharing; `contents.json` says whose photographs they were cut from, under
which licence, and what painted them; LICENCES.md says the same to a reader. `scripts.make_builtin` makes all
three. What platforms do to the images is computed when the set is written out.
"""

import logging
import shutil
from pathlib import Path

from pydantic import Field

from tinydf.data.assemble import new_dataset, with_shared
from tinydf.data.dataset import FILE, PLATFORMS, Dataset, DatasetInfo, Generator, Shard, Source, Strict
from tinydf.errors import TinydfError
from tinydf.files import read_record, sha256_file, write_json

logger = logging.getLogger(__name__)

NAME = "builtin"
ROOM = Path(__file__).resolve().parent
CONTENTS = ROOM / "contents.json"
CROPS = ROOM / "crops.tar"
LICENCES = ROOM / "LICENCES.md"


class Work(Strict):
    """A photograph that crops were cut from."""

    id: str
    title: str
    maker: str
    licence: str = Field(description="SPDX identifier")
    licence_url: str
    package: str = Field(description="registry, name and version")
    package_sha256: str
    file: str = Field(description="its name in the package")
    stated: str = Field(description="the file of the package that states maker and licence")
    sha256: str = Field(description="of the photograph's file")

    def source(self) -> Source:
        """As `dataset.json` names it."""
        origin = f"{self.package}: {self.file} by {self.maker}"
        return Source(id=self.id, split="test", origin=origin, licence=self.licence, sha256=self.sha256, group=self.id)


class Contents(Strict):
    """`contents.json`."""

    format: int = 1
    seed: int
    crop: int
    works: list[Work]
    generators: list[Generator]
    shard: Shard


def contents() -> Contents:
    """What the built-in set is made of."""
    return read_record(Contents, CONTENTS, "python -m scripts.make_builtin")


def materialise(directory: Path) -> Path:
    """Write the built-in test set as a data set directory, with what platforms make of its images.

    Args:
        directory: where to; an older version of this set is replaced. If this one is there and whole, nothing is done.

    Returns:
        `directory`. The same installation writes the same bytes (JPEG's are those of Pillow's libjpeg).

    Raises:
        TinydfError: if something else is there.
    """
    built_in = contents()
    if _is_there(directory, built_in):
        return directory
    logger.info("writing the built-in test set to %s", directory)
    with new_dataset(directory) as aside:
        before = aside / built_in.shard.path
        before.parent.mkdir()
        shutil.copyfile(CROPS, before)
        shutil.copyfile(LICENCES, aside / LICENCES.name)
        shards = with_shared(aside, [built_in.shard], built_in.seed)
        write_json(aside / FILE, _info(built_in, shards))
    return directory


def _info(built_in: Contents, shards: list[Shard]) -> DatasetInfo:
    return DatasetInfo(
        name=NAME,
        tier=NAME,
        seed=built_in.seed,
        crop=built_in.crop,
        sources=[one.source() for one in built_in.works],
        generators=built_in.generators,
        shards=shards,
    )


def _is_there(directory: Path, built_in: Contents) -> bool:
    """Whether the directory holds this set, whole.

    Raises:
        TinydfError: if it holds another data set.
    """
    if not (directory / FILE).is_file():
        return False
    info = Dataset(directory).info
    if info.name != NAME:
        raise TinydfError(f"{directory} holds another data set ({info.name})", "give --out another directory")
    return (
        info == _info(built_in, info.shards)
        and built_in.shard in info.shards
        and {one.platform for one in info.shards} == set(PLATFORMS)
        and all(_is_whole(directory / one.path, one.sha256) for one in info.shards)
    )


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_file(path) == sha256

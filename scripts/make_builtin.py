# SPDX-License-Identifier: Apache-2.0
"""`python -m scripts.make_builtin`: make the built-in test set again, from packages, byte for byte.

Its photographs are those of the demo data set's test split, and of packages that the demo data set does not use, whose
licence is CC0, CC BY or CC BY-SA. Their crops and what is made of them are the demo data set's: the same code, the same
seed, the same generators. So no published detector has seen any of these photographs in training or validation.
"""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import click

from tinydf.cli.main import errors_as_lines
from tinydf.data.assemble import rank
from tinydf.data.builtin import CONTENTS, CROPS, LICENCES, Contents, Work
from tinydf.data.dataset import PRE_SOCIAL, Sample, write_shards
from tinydf.data.demo import CROP, CROPS_A_PHOTOGRAPH, SEEN, TIERS, Job, generators, splits_of, work
from tinydf.data.generators import RECIPES
from tinydf.data.packages import Package, fetch, read_members
from tinydf.data.photographs import COLLECTIONS, Photograph, photographs
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes, write_json, write_text

SEED = 0
"""The demo data set's, so that a photograph's crops are the ones that it has there."""

URLS = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-2.0": "https://creativecommons.org/licenses/by/2.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
}
"""The licences that a photograph may have to be in the set."""

SKIMAGE = Package(
    kind="debian",
    name="python3-skimage",
    version="0.19.3-8",
    file="python3-skimage_0.19.3-8_all.deb",
    sha256="728d88c3e3440f1f3712de0805dc834d29248ff07e1eec8c0f3da07606f752f9",
    licence="BSD-3-clause, and a licence an image",
)
SKLEARN = Package(
    kind="debian",
    name="python3-sklearn",
    version="1.2.1+dfsg-1",
    file="python3-sklearn_1.2.1+dfsg-1_all.deb",
    sha256="ca0c6be401d14871c7e93cfdd8d1f561595dc65e6e2ad2501d568aee7f7efc58",
    licence="BSD-3-clause, and a licence an image",
)
TESTDATA = Package(
    kind="debian",
    name="libjxl-testdata",
    version="0.0~git20230110.d6168ff-1",
    file="libjxl-testdata_0.0~git20230110.d6168ff-1_all.deb",
    sha256="a58523413f486760a0f3cbc931142a27e3aa25f77315b862046f089ed34aa2c7",
    licence="BSD-3-clause, CC0-1.0",
)


@dataclass(frozen=True)
class Further:
    """A photograph that no split of the demo data set has, with its rights as the file `stated` tells them."""

    id: str
    maker: str
    licence: str
    package: Package
    file: str
    stated: str

    @property
    def title(self) -> str:
        return self.id.rpartition("-")[2]


_SKIMAGE = "usr/lib/python3/dist-packages/skimage/data"
_SKIMAGE_RIGHTS = f"{_SKIMAGE}/_fetchers.py"
_SKLEARN = "usr/lib/python3/dist-packages/sklearn/datasets/images"
_WESATURATE = "usr/share/libjxl-testdata/external/wesaturate/500px"
_TESTDATA = "usr/share/doc/libjxl-testdata/copyright"
FURTHER = (
    Further("skimage-chelsea", "Stefan van der Walt", "CC0-1.0", SKIMAGE, f"{_SKIMAGE}/chelsea.png", _SKIMAGE_RIGHTS),
    Further("skimage-coffee", "Rachel Michetti", "CC0-1.0", SKIMAGE, f"{_SKIMAGE}/coffee.png", _SKIMAGE_RIGHTS),
    Further("sklearn-china", "danielbuechele", "CC-BY-2.0", SKLEARN, f"{_SKLEARN}/china.jpg", f"{_SKLEARN}/README.txt"),
    *(
        Further(f"wesaturate-{name}", maker, "CC0-1.0", TESTDATA, f"{_WESATURATE}/{name}_{maker}_srgb8.png", _TESTDATA)
        for name, maker in (("cvo9xd", "keong_macan"), ("tmshre", "riaphotographs"), ("u76c0g", "bliznaca"))
    ),
)


def held_out() -> list[tuple[Photograph, Work]]:
    """The set's photographs, by identifier.

    Raises:
        TinydfError: if a package cannot be fetched or is damaged.
    """
    return sorted([*_of_the_demo(), *map(_further, FURTHER)], key=lambda one: one[0].id)


def _of_the_demo() -> list[tuple[Photograph, Work]]:
    """The photographs of the demo data set's test split that may be passed on here."""
    found = []
    everything = [one for collection in COLLECTIONS for one in photographs(collection)]
    splits = splits_of(everything, SEED)
    packages = {str(one): one for collection in COLLECTIONS for one in collection.packages}
    for picture in everything:
        if splits[picture.id] != "test" or picture.licence not in URLS:
            continue
        name, _, rest = picture.origin.partition(": ")
        file, _, maker = rest.partition(" by ")
        package = packages[name]
        title = PurePosixPath(file).stem.partition("_by_")[0]
        stated = f"usr/share/doc/{package.name}/copyright"
        found.append((picture, _work(picture, title, maker, package, file, stated)))
    return found


def _further(one: Further) -> tuple[Photograph, Work]:
    data = read_members(fetch(one.package), [one.file, one.stated])[one.file]
    picture = Photograph(
        id=one.id, collection=one.id, origin=str(one.package), licence=one.licence, group=one.id, data=data
    )
    return picture, _work(picture, one.title, one.maker, one.package, one.file, one.stated)


def _work(picture: Photograph, title: str, maker: str, package: Package, file: str, stated: str) -> Work:
    return Work(
        id=picture.id,
        title=title,
        maker=maker,
        licence=picture.licence,
        licence_url=URLS[picture.licence],
        package=str(package),
        package_sha256=package.sha256,
        file=file,
        stated=stated,
        sha256=sha256_bytes(picture.data),
    )


def samples(pictures: list[Photograph]) -> list[Sample]:
    """The crops of photographs and what is made of them, as in the demo data set's test split."""
    unseen = TIERS["demo"].unseen
    files = {name: fetch(RECIPES[name].package) for name in SEEN + unseen}
    return work([Job(one, "test", CROPS_A_PHOTOGRAPH["test"], unseen, SEED) for one in pictures], files)


def make(directory: Path) -> Contents:
    """Write crops.tar, contents.json and LICENCES.md into a directory.

    Raises:
        TinydfError: if a package cannot be fetched or is damaged.
    """
    found = held_out()
    made = sorted(samples([picture for picture, _ in found]), key=lambda one: rank(SEED, one.key))
    with TemporaryDirectory() as scratch:
        (shard,) = write_shards(Path(scratch), "test", PRE_SOCIAL, made)
        shutil.copyfile(Path(scratch) / shard.path, directory / CROPS.name)
    used = {one.source for one in made}
    contents = Contents(
        seed=SEED,
        crop=CROP,
        works=[described for picture, described in found if picture.id in used],
        generators=generators(SEEN + TIERS["demo"].unseen),
        shard=shard,
    )
    write_json(directory / CONTENTS.name, contents)
    write_text(directory / LICENCES.name, licences(contents))
    return contents


def licences(contents: Contents) -> str:
    """LICENCES.md: whose photographs these are, and what was done to them."""
    lines = [
        "# Licences of the built-in test set",
        "",
        f"crops.tar holds {contents.shard.count} images of 128x128 pixels, cut from the photographs below. Each image,",
        "shared versions included, stays under the licence of its photograph; the JSON beside it names the photograph.",
        "",
        "Changes made to every photograph: it was reduced and cut. Images whose JSON names a generator other than",
        "`camera` were also reduced to their half, and enlarged again by a filter or painted by a neural network.",
        "",
        "| photograph | maker | licence | from | SHA-256 of the file |",
        "|---|---|---|---|---|",
        *(
            f"| {one.title} (`{one.id}`) | {_cell(one.maker)} | [{one.licence}]({one.licence_url}) | {one.package}: "
            f"`{one.file}`; rights stated in `{one.stated}` | `{one.sha256}` |"
            for one in contents.works
        ),
        "",
        "| what made the image | from | its licence | SHA-256 of the package |",
        "|---|---|---|---|",
        *(
            f"| {one.name} | {one.origin} | {one.licence} | {f'`{one.sha256}`' if one.sha256 else ''} |"
            for one in contents.generators
        ),
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--out", type=click.Path(path_type=Path, exists=True, file_okay=False), default=CROPS.parent)
@click.option("--check", is_flag=True, help="Write nothing; end with status 1 if what is there would be other bytes.")
def command(out: Path, check: bool) -> None:
    """Make the built-in test set from packages: crops.tar, contents.json and LICENCES.md in OUT."""
    if not check:
        click.echo(f"{make(out).shard.count} images in {out}")
        return
    with TemporaryDirectory() as scratch:
        make(Path(scratch))
        for name in (CROPS.name, CONTENTS.name, LICENCES.name):
            if (Path(scratch) / name).read_bytes() != (out / name).read_bytes():
                raise TinydfError(f"{out / name} is not what the packages give here")
    click.echo(f"{out}: the same bytes")


if __name__ == "__main__":
    with errors_as_lines():
        sys.exit(command.main(standalone_mode=False))

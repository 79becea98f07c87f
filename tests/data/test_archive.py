# SPDX-License-Identifier: Apache-2.0
"""Archives unpacked as hostile: nothing outside, no links, no bombs, and one line for each."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tinydf.data import archive
from tinydf.data.archive import directories_of, unpack
from tinydf.errors import TinydfError


def tar_with(path: Path, name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: str = "w") -> None:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.size = kind, link, 4 if kind == tarfile.REGTYPE else 0
        tar.addfile(member, io.BytesIO(b"data"))


def zip_with(path: Path, name: str, attributes: int = 0, data: bytes = b"data") -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        entry = zipfile.ZipInfo(name)
        entry.external_attr, entry.compress_type = attributes << 16, zipfile.ZIP_DEFLATED
        file.writestr(entry, data)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar(tmp_path: Path, mode: str) -> None:
    tar_with(tmp_path / "a", "./some/file.png", mode=mode)
    assert unpack(tmp_path / "a", tmp_path / "out") == 1
    assert (tmp_path / "out" / "some" / "file.png").read_bytes() == b"data"


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "zip up": (lambda path: zip_with(path, "../evil.png"), "leads out of the archive"),
    "zip deep": (lambda path: zip_with(path, "a/b/../../../evil.png"), "leads out of the archive"),
    "zip root": (lambda path: zip_with(path, "/evil.png"), "leads out of the archive"),
    "zip windows": (lambda path: zip_with(path, "..\\evil.png"), "leads out of the archive"),
    "zip link": (lambda path: zip_with(path, "evil.png", 0o120777, b"/etc/passwd"), "is a link or a device"),
    "tar up": (lambda path: tar_with(path, "../evil.png"), "leads out of the archive"),
    "tar root": (lambda path: tar_with(path, "/evil.png"), "leads out of the archive"),
    "tar link": (lambda path: tar_with(path, "evil.png", tarfile.SYMTYPE, "/etc/passwd"), "is a link or a device"),
    "tar hard link": (lambda path: tar_with(path, "evil.png", tarfile.LNKTYPE, "../evil"), "is a link or a device"),
    "tar device": (lambda path: tar_with(path, "evil.png", tarfile.CHRTYPE), "is a link or a device"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_an_archive_must_not_have(tmp_path: Path, name: str) -> None:
    make, message = HOSTILE[name]
    make(tmp_path / "archive")
    (tmp_path / "deep").mkdir()
    with pytest.raises(TinydfError, match=message):
        unpack(tmp_path / "archive", tmp_path / "deep" / "out")
    assert not list(tmp_path.rglob("evil*"))


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SMALL", 1 << 20)
    zip_with(tmp_path / "bomb.zip", "zeros.png", data=bytes(8 << 20))
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz") as tar:
        for number in range(40):
            member = tarfile.TarInfo(f"{number}.png")
            member.size = 1 << 18
            tar.addfile(member, io.BytesIO(bytes(1 << 18)))
    for bomb in ("bomb.zip", "bomb.tar.gz"):
        with pytest.raises(TinydfError, match="is too large for a picture"):
            unpack(tmp_path / bomb, tmp_path / "out" / bomb)
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    with tarfile.open(tmp_path / "many.tar", "w") as tar:
        for number in range(4):
            tar.addfile(tarfile.TarInfo(f"{number}.png"))
    with pytest.raises(TinydfError, match="has more than 2 files"):
        unpack(tmp_path / "many.tar", tmp_path / "out" / "many")


def test_two_entries_of_one_name(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "twice.tar", "w") as tar:
        for name in ("a.png", "a.png"):
            tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(TinydfError, match="two entries of one name"):
        unpack(tmp_path / "twice.tar", tmp_path / "out")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_damaged_archive(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "archive"
    noise = bytes((one * 7919 >> 3) & 255 for one in range(20000))
    if kind == "zip":
        zip_with(path, "a.png", data=noise)
        data = bytearray(path.read_bytes())
        data[200:260] = bytes(60)
        path.write_bytes(data)
    else:
        with tarfile.open(path, "w:gz") as tar:
            member = tarfile.TarInfo("a.png")
            member.size = len(noise)
            tar.addfile(member, io.BytesIO(noise))
        path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(TinydfError, match="is damaged or of an unknown kind"):
        unpack(path, tmp_path / "out")


def test_neither_directory_nor_archive(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no archive")
    with pytest.raises(TinydfError, match="is neither a directory nor a zip or tar archive"):
        directories_of([tmp_path / "text"], tmp_path / "scratch")
    with pytest.raises(TinydfError, match="does not exist"):
        directories_of([tmp_path / "none"], tmp_path / "scratch")

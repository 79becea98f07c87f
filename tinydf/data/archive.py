# SPDX-License-Identifier: Apache-2.0
"""Archives of a user unpacked as hostile: nothing in one chooses where a file is written, or how much is.

Only plain files are taken, each below the directory that is made for them, with limits on their number and size. An
archive with a path that leads elsewhere, a link or a device is refused whole: it is not what it is said to be.
"""

import logging
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from tinydf.errors import TinydfError

logger = logging.getLogger(__name__)

MAX_FILES = 5_000_000
MAX_FILE_BYTES = 128 << 20
LARGEST_GROWTH = 20
"""Pictures are compressed already; an archive that grows more than this is a bomb."""
SMALL = 64 << 20
"""Bytes that any archive may hold, however small it is itself."""
CHUNK = 1 << 20


def is_archive(path: Path) -> bool:
    """Whether a file's content is that of an archive that can be unpacked (zip, or tar, compressed or not)."""
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def unpack(path: Path, directory: Path) -> int:
    """Unpack the plain files of an archive.

    Args:
        path: a .zip, or a .tar, compressed by gzip, bzip2, xz or not at all.
        directory: where to; what is in the archive is written below it.

    Returns:
        How many files were written.

    Raises:
        TinydfError: if the archive is damaged, encrypted, too large, or has an entry that is no plain file below it.
    """
    limit = max(SMALL, path.stat().st_size * LARGEST_GROWTH)
    count = written = 0
    try:
        for name, file in _entries(path):
            count += 1
            target = directory / _safe(name, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            size = _copy(file, target, min(MAX_FILE_BYTES, limit - written))
            if size is None:
                raise TinydfError(f"{path}: {name!r} is too large for a picture", "it is not unpacked further")
            written += size
            if count > MAX_FILES:
                raise TinydfError(f"{path} has more than {MAX_FILES} files", "unpack it yourself, and give the folder")
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError) as error:
        raise TinydfError(f"{path} is damaged or of an unknown kind ({error})", "download it again") from None
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise TinydfError(f"{path} has two entries of one name ({error.filename})", "download it again") from None
    return count


def _entries(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and open file of each plain file, in the archive's order."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                kind = entry.external_attr >> 16 & 0o170000  # what Unix says it is; nothing, if it was packed elsewhere
                if kind not in (0, 0o100000, 0o040000):
                    raise TinydfError(f"{path}: {entry.filename!r} is a link or a device", "it is not unpacked")
                if entry.flag_bits & 1:
                    raise TinydfError(f"{path} is encrypted", "unpack it yourself, and give the folder")
                _safe(entry.filename, path)
                if not entry.is_dir():
                    with archive.open(entry) as file:
                        yield entry.filename, file
        return
    with tarfile.open(path, "r|*") as tar:
        for member in tar:
            _safe(member.name, path)
            if member.isdir():
                continue
            contents = tar.extractfile(member) if member.isreg() else None
            if contents is None:
                raise TinydfError(f"{path}: {member.name!r} is a link or a device", "it is not unpacked")
            yield member.name, contents


def _safe(name: str, path: Path) -> PurePosixPath:
    """The entry's path, if it stays where it is put."""
    inner = PurePosixPath(name)
    if inner.is_absolute() or ".." in inner.parts or "\\" in name or "\0" in name:
        raise TinydfError(f"{path}: {name!r} leads out of the archive", "it is not unpacked")
    return inner


def _copy(file: IO[bytes], target: Path, limit: int) -> int | None:
    """Write a file; how many bytes it had, or None if they were more than `limit`."""
    size = 0
    with target.open("xb") as out:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            if size > limit:
                return None
            out.write(chunk)
    return size


def directories_of(paths: Sequence[Path], scratch: Path) -> list[Path]:
    """Directories with what `paths` hold: a directory as it is, an archive unpacked below `scratch`.

    Raises:
        TinydfError: if one is neither, or an archive is refused.
    """
    hint = "give the directory or the archive that was downloaded"
    directories = []
    for number, path in enumerate(paths):
        if path.is_dir():
            directories.append(path)
            continue
        if not path.is_file():
            raise TinydfError(f"{path} does not exist", hint)
        if not is_archive(path):
            raise TinydfError(f"{path} is neither a directory nor a zip or tar archive", hint)
        directory = scratch / f"{number:02d}"
        directory.mkdir(parents=True)
        logger.info("unpacking %s", path)
        unpack(path, directory)
        directories.append(directory)
    return directories

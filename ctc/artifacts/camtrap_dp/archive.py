"""Files of a Camtrap DP package: in a folder, at a URL or in a zip, packed with gzip or not."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Protocol

from ctc.errors import InputError, UsageError, reason
from ctc.storage.packed_files import BROKEN, member_name, open_zip, unpack
from ctc.storage.paths import is_http, is_remote, parse_path
from ctc.storage.remote_files import local_copy

DESCRIPTOR = "datapackage.json"
_GZIP = b"\x1f\x8b"


class PackageFiles(Protocol):
    """The files of a package; paths are relative to its descriptor, with forward slashes."""

    name: str
    """The package, for messages."""
    descriptor: Path

    def find(self, path: str) -> Path | None:
        """Return a file, which may be remote, or None if it is not there."""


class FolderFiles:
    """Files of a package in a folder, which may be remote."""

    def __init__(self, descriptor: Path) -> None:
        self.name = str(descriptor)
        self.descriptor = descriptor
        self._folder = descriptor.parent

    def find(self, path: str) -> Path | None:
        """Return a file, or None if it is not there."""
        found = self._folder / path
        return found if found.is_file() else None


class ZipFiles:
    """Files of a package in a zip, unpacked one by one into `folder`."""

    def __init__(self, source: Path, archive: zipfile.ZipFile, folder: Path) -> None:
        self.name = str(source)
        self._archive = archive
        self._folder = folder
        self._members = {member_name(info): info for info in archive.infolist()}
        self._prefix = _package_folder(source, self._members)
        self.descriptor = self.find(DESCRIPTOR) or folder

    def find(self, path: str) -> Path | None:
        """Return a file, or None if it is not there."""
        path = PurePosixPath(path).as_posix()
        member = self._members.get(self._prefix + path)
        if member is None:
            return None
        unpacked = self._folder / path
        if not unpacked.exists():
            unpacked.parent.mkdir(parents=True, exist_ok=True)
            shown = f"'{path}' in '{self.name}'"
            unpack(shown, lambda: self._archive.open(member), unpacked, member.compress_size)
        return unpacked

    def path_inside(self, path: str) -> str | None:
        """Return the path of a file in the zip, without unpacking it; None if it is not there."""
        inside = self._prefix + path
        return inside if inside in self._members else None


@contextmanager
def open_files(source: Path) -> Iterator[PackageFiles]:
    """Open a package: its descriptor, the folder that holds it, or a zip, also at URLs.

    Raises CtcError if there is none.
    """
    descriptor = _find_descriptor(source)
    if descriptor is not None:
        yield FolderFiles(descriptor)
    elif zipfile.is_zipfile(downloaded(source)):
        with open_zip(source) as archive, TemporaryDirectory() as folder:
            yield ZipFiles(source, archive, Path(folder))
    elif _file_name(source).lower().endswith(".json"):
        yield FolderFiles(source)
    else:
        raise UsageError(
            f"'{source}' is not a Camtrap DP package: give its {DESCRIPTOR}, its folder or its zip"
        )


def find_at_url(url: str, where: str) -> Path:
    """Return the table at a web address; raises InputError, which says `where`, without one."""
    if not is_http(url):
        raise InputError(f"{where}: '{url}' is no web address, http:// or https://")
    found = parse_path(url)
    try:
        downloaded(found)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    return found


def downloaded(source: Path) -> Path:
    """Return a local file with the same contents; raises InputError if it can't be downloaded."""
    try:
        return local_copy(source)
    except OSError as error:
        raise InputError(f"'{source}' can't be downloaded: {reason(error)}") from None


def is_package(path: Path) -> bool:
    """Return whether `path` looks like a package."""
    if _file_name(path) == DESCRIPTOR:
        return True
    if not _file_name(path).lower().endswith(".zip"):
        return (path / DESCRIPTOR).is_file()
    try:
        with zipfile.ZipFile(local_copy(path)) as archive:
            return any(PurePosixPath(member_name(i)).name == DESCRIPTOR for i in archive.infolist())
    except BROKEN:
        return False


@contextmanager
def decompressed(path: Path) -> Iterator[Path]:
    """Yield the file itself, or a decompressed temporary copy of a gzip file."""
    packed = local_copy(path)
    if not _is_gzip(packed):
        yield path
        return
    with TemporaryDirectory() as folder:
        unpacked = Path(folder) / path.name.removesuffix(".gz")
        unpack(f"'{path}'", lambda: gzip.GzipFile(packed), unpacked, packed.stat().st_size)
        yield unpacked


def _find_descriptor(source: Path) -> Path | None:
    """Return the descriptor that the source is or holds, None for another file."""
    if _file_name(source) == DESCRIPTOR and source.is_file():
        return source
    inside = source / DESCRIPTOR
    if _file_name(source).lower().endswith(".zip") and source.is_file():
        return None
    if inside.is_file():
        return inside
    if source.is_file():
        return None
    missing = source if _file_name(source).lower().endswith((".zip", ".json")) else inside
    raise UsageError(
        f"'{missing}' does not exist: give the {DESCRIPTOR} of a Camtrap DP package, its folder, "
        "or its zip"
    )


def _file_name(path: Path) -> str:
    """Return the name of a file, without what follows it in a web address, as `?download=1`."""
    return path.name.partition("?")[0] if is_remote(path) else path.name


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_GZIP)) == _GZIP


def _package_folder(source: Path, members: dict[str, zipfile.ZipInfo]) -> str:
    """Return the folder of the descriptor in a zip, '' or with a slash at its end."""
    found = [
        PurePosixPath(name)
        for name in members
        if PurePosixPath(name).name == DESCRIPTOR and not name.startswith("__MACOSX/")
    ]
    top = min((len(path.parts) for path in found), default=0)
    highest = [path for path in found if len(path.parts) == top]
    if len(highest) != 1:
        number = "no" if not highest else "more than one"
        raise InputError(f"'{source}' has {number} {DESCRIPTOR}: it is not one Camtrap DP package")
    folder = highest[0].parent.as_posix()
    return "" if folder == "." else f"{folder}/"

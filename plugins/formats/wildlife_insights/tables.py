"""Tables of a Wildlife Insights download: in a folder or a zip, or a single images.csv.

A download has `projects.csv`, `cameras.csv`, `deployments.csv` and `images.csv`, which may be in
parts (`images_2004252.csv`); projects of sequences have `sequences.csv` as well, with the
identifications.
"""

from __future__ import annotations

import csv
import fnmatch
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from ctc.errors import CtcError, InputError, UsageError
from ctc.storage.csv_reader import CsvTable, open_table
from ctc.storage.packed_files import BROKEN, member_name, open_zip, unpack
from ctc.storage.remote_files import local_copy

REQUIRED = ("image_id", "deployment_id", "common_name")
_NAMES = {"images": "images*.csv", "deployments": "deployments*.csv", "sequences": "sequences*.csv"}
_HEADER_BYTES = 4096


@dataclass(frozen=True)
class Download:
    """The tables of a download; `images`: at least one; the others may be missing."""

    images: tuple[CsvTable, ...]
    deployments: tuple[CsvTable, ...]
    sequences: tuple[CsvTable, ...]


@contextmanager
def open_download(source: Path) -> Iterator[Download]:
    """Open the tables; those of a zip are unpacked meanwhile.

    Raises CtcError if there is no images.csv, or if it lacks a column.
    """
    if source.suffix.lower() == ".zip" and source.is_file():
        with TemporaryDirectory() as folder:
            yield _open_tables(source, _unpack_tables(source, Path(folder)))
    elif source.is_file():
        others = (path for path in _listed(source.parent) if path != source)
        beside = [path for path in others if not _is_table(path.name, "images")]
        yield _open_tables(source, [source, *beside])
    elif source.is_dir():
        yield _open_tables(source, _listed(source))
    else:
        raise UsageError(
            f"'{source}' does not exist: give the images.csv of a Wildlife Insights download, its "
            "folder or its zip"
        )


def is_download(path: Path) -> bool:
    """Return whether a file, folder or zip has an images.csv of Wildlife Insights."""
    try:
        if path.suffix.lower() == ".zip":
            return path.is_file() and _is_packed_download(path)
        tables = [path] if path.is_file() else [p for p in _listed(path) if _is_image_table(p)]
        return any(map(_has_columns, tables))
    except OSError:
        return False


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.csv")) if folder.is_dir() else []


def _is_table(name: str, kind: str) -> bool:
    return fnmatch.fnmatch(name.lower(), _NAMES[kind])


def _is_image_table(path: Path) -> bool:
    return _is_table(path.name, "images")


def _has_columns(path: Path) -> bool:
    with suppress(CtcError):
        return path.suffix.lower() == ".csv" and set(REQUIRED) <= open_table(path).columns.keys()
    return False


def _is_packed_download(path: Path) -> bool:
    try:
        with zipfile.ZipFile(local_copy(path)) as archive:
            tables = [one for one in archive.infolist() if _is_member(one, "images")]
            for table in tables[:1]:
                with archive.open(table) as file:
                    head = file.read(_HEADER_BYTES).decode("utf-8-sig", errors="replace")
                return set(REQUIRED) <= set(next(csv.reader(head.splitlines()), []))
    except BROKEN:
        return False
    return False


def _is_member(info: zipfile.ZipInfo, kind: str) -> bool:
    path = PurePosixPath(member_name(info))
    return _is_table(path.name, kind) and "__MACOSX" not in path.parts


def _unpack_tables(source: Path, folder: Path) -> list[Path]:
    """Unpack the tables; raises InputError where two have the same name."""
    found: list[Path] = []
    with open_zip(source) as archive:
        for info in archive.infolist():
            if not any(_is_member(info, kind) for kind in _NAMES):
                continue
            target = folder / PurePosixPath(member_name(info)).name
            if target.exists():
                raise InputError(f"'{source}' has more than one '{target.name}': give one of them")
            shown = f"'{member_name(info)}' in '{source}'"
            unpack(shown, partial(archive.open, info), target, info.compress_size)
            found.append(target)
    return sorted(found)


def _open_tables(source: Path, paths: Iterable[Path]) -> Download:
    tables: dict[str, list[CsvTable]] = {kind: [] for kind in _NAMES}
    for path in paths:
        kind = "images" if path == source else _kind_of(path.name)
        if kind is not None:
            tables[kind].append(open_table(path))
    if not tables["images"]:
        raise UsageError(
            f"'{source}' has no images.csv: give the folder or the zip of a Wildlife Insights "
            "download"
        )
    for table in tables["images"]:
        missing = next((name for name in REQUIRED if name not in table.columns), None)
        if missing:
            shown = source if table.path == source else f"{table.path.name}' of '{source}"
            raise InputError(
                f"'{shown}' has no column '{missing}', which images.csv of Wildlife Insights has"
            )
    return Download(*(tuple(tables[kind]) for kind in _NAMES))


def _kind_of(name: str) -> str | None:
    return next((kind for kind in _NAMES if _is_table(name, kind)), None)

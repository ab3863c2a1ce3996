"""Camtrap DP package on disk: the files of its tables and their rows."""

from __future__ import annotations

import gzip
import re
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from ctc.errors import InputError, UsageError, reason
from ctc.plugin import LeftOut
from ctc.storage.csv_reader import open_table

from ..json_entry import JsonEntry
from ..json_stream import read_document

DESCRIPTOR = "datapackage.json"
REQUIRED = {
    "deployments": ("deploymentID", "latitude", "longitude"),
    "media": ("mediaID", "deploymentID", "timestamp", "filePath", "fileMediatype"),
    "observations": (
        "observationID",
        "deploymentID",
        "eventStart",
        "eventEnd",
        "observationLevel",
        "observationType",
    ),
}
"""Columns that are needed here; the standard requires a few more."""
OPTIONAL = {
    "deployments": ("locationID", "locationName"),
    "media": ("fileName", "eventID"),
    "observations": (
        "mediaID",
        "eventID",
        "scientificName",
        "count",
        "sex",
        "lifeStage",
        "behavior",
    ),
}
_MISSING = frozenset({"", "NA", "NaN", "nan"})  # `missingValues` of the table schemas

CsvRow = Mapping[str, str | None]


class UnusableRowError(Exception):
    """A row can't be used; the message is the reason."""


@dataclass(frozen=True)
class Package:
    """Opened package; `files` holds the CSVs of each table in order, each with a header."""

    folder: Path
    files: Mapping[str, tuple[Path, ...]]

    def rows(self, table: str) -> Iterator[tuple[str, CsvRow]]:
        """Yield (file and line, cells by column) of a table.

        Missing values and absent optional columns are None. Raises InputError when a file can't be
        read or lacks a required column.
        """
        for path in self.files[table]:
            with _decompressed(path) as unpacked:
                yield from _read_rows(unpacked, REQUIRED[table], OPTIONAL[table])


def open_package(source: Path) -> Package:
    """Open a datapackage.json, or the folder that holds it.

    Raises CtcError when `source` is not a Camtrap DP 1.x package.
    """
    descriptor = source / DESCRIPTOR if source.is_dir() else source
    if not descriptor.is_file():
        raise UsageError(
            f"'{descriptor}' does not exist: give a Camtrap DP package's {DESCRIPTOR} or its folder"
        )
    files: dict[str, tuple[Path, ...]] = {}
    for key, value in read_document(descriptor, ("resources",)):
        if key == "resources":
            files.setdefault(value.required_text("name"), _resource_files(value, descriptor.parent))
        elif key == "profile":
            _check_version(descriptor, str(value))
    for table in REQUIRED:
        if table not in files:
            raise InputError(
                f"'{descriptor}' has no resource called '{table}', which Camtrap DP requires"
            )
    return Package(descriptor.parent, files)


def add_rows(
    package: Package, table: str, add: Callable[[str, CsvRow], LeftOut | None]
) -> Iterator[LeftOut]:
    """Pass every row, and where it is, to `add`; yields what `add` returns or finds unusable."""
    for where, row in package.rows(table):
        try:
            left_out = add(where, row)
        except UnusableRowError as error:
            left_out = LeftOut(where, str(error))
        if left_out is not None:
            yield left_out


def require_value(row: CsvRow, column: str) -> str:
    """Return the row's value; raises UnusableRowError when it is missing."""
    value = row[column]
    if value is None:
        raise UnusableRowError(f"it has no {column}")
    return value


def _check_version(descriptor: Path, profile: str) -> None:
    version = re.search(r"/camtrap-dp/v?((\d+)[\d.]*)", profile)
    if version and version[2] != "1":
        raise InputError(
            f"'{descriptor}' is Camtrap DP {version[1]}, ctc reads 1.x: "
            "export it again as 1.x, or convert it"
        )


def _resource_files(resource: JsonEntry, folder: Path) -> tuple[Path, ...]:
    if resource.fields["name"] not in REQUIRED:
        return ()
    paths = resource.fields.get("path")
    parts = paths if isinstance(paths, list) else [resource.required_text("path")]
    for path in parts:
        if not isinstance(path, str):
            raise resource.invalid_value("path", "text, or a list of text")
        if "://" in path:
            raise InputError(
                f"{resource.where}: '{path}' is a URL: download the package with its tables"
            )
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise InputError(
                f"{resource.where}: '{path}' is outside the package, which Data Packages forbid"
            )
        if not (folder / path).is_file():
            raise InputError(f"{resource.where}: '{path}' does not exist")
    return tuple(folder / path for path in parts)


def _read_rows(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...]
) -> Iterator[tuple[str, CsvRow]]:
    table = open_table(path)
    for column in required:
        if column not in table.columns:
            raise InputError(f"'{path}' has no column '{column}', which Camtrap DP requires")
    present = [
        (column, table.columns[column])
        for column in (*required, *optional)
        if column in table.columns
    ]
    absent: CsvRow = {column: None for column in optional if column not in table.columns}
    for line, cells in table.rows():
        row = {column: None if cells[at] in _MISSING else cells[at] for column, at in present}
        yield f"{path.name} line {line}", {**row, **absent}


@contextmanager
def _decompressed(path: Path) -> Iterator[Path]:
    """Yield the file itself, or a decompressed temporary copy of a gzip file."""
    if path.suffix != ".gz":
        yield path
        return
    with TemporaryDirectory() as folder:
        unpacked = Path(folder) / path.stem
        try:
            with gzip.open(path) as packed, unpacked.open("wb") as file:
                shutil.copyfileobj(packed, file)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"'{path}' can't be decompressed: {reason(error)}") from None
        yield unpacked

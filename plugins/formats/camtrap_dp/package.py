"""Camtrap DP package: the files of its tables and their rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ctc.errors import InputError
from ctc.plugin import LeftOut
from ctc.storage.csv_reader import open_table
from ctc.storage.paths import is_remote

from ..json_entry import JsonEntry
from ..json_stream import read_document
from .archive import PackageFiles, ZipFiles, decompressed, open_files

BOX_COLUMNS = ("bboxX", "bboxY", "bboxWidth", "bboxHeight")
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
    "media": ("fileName", "filePublic", "eventID"),
    "observations": (
        "mediaID",
        "eventID",
        "scientificName",
        "count",
        "sex",
        "lifeStage",
        "behavior",
        *BOX_COLUMNS,
        "classificationProbability",
    ),
}
_MISSING = frozenset({"", "NA", "NaN", "nan"})  # `missingValues` of the table schemas

CsvRow = Mapping[str, str | None]


class UnusableRowError(Exception):
    """A row can't be used; the message is the reason."""


@dataclass(frozen=True)
class Package:
    """Opened package; `tables` holds the CSVs of each table in order, each with a header."""

    files: PackageFiles
    tables: Mapping[str, tuple[Path, ...]]

    def rows(self, table: str) -> Iterator[tuple[str, CsvRow]]:
        """Yield (file and line, cells by column) of a table.

        Missing values and absent optional columns are None. Raises InputError when a file can't be
        read or lacks a required column.
        """
        for path in self.tables[table]:
            shown = f"{path.name}' in '{self.files.name}" if self.is_zip else str(path)
            with decompressed(path) as unpacked:
                try:
                    yield from _read_rows(unpacked, REQUIRED[table], OPTIONAL[table])
                except InputError as error:  # say the name of the file, not that of its copy
                    raise InputError(str(error).replace(str(unpacked), shown)) from None

    @property
    def is_zip(self) -> bool:
        """Whether the package is in a zip."""
        return isinstance(self.files, ZipFiles)

    def find_photo(self, path: str) -> str | None:
        """Return where the photo at a path in the package's folder is, None if it isn't there."""
        found = None if self.is_zip else self.files.find(path)
        return None if found is None else str(found if is_remote(found) else found.absolute())

    def holds_photo(self, path: str) -> bool:
        """Return whether the photo at a path is in the zip of the package."""
        return isinstance(self.files, ZipFiles) and self.files.holds(path)


@contextmanager
def open_package(source: Path) -> Iterator[Package]:
    """Open a datapackage.json, the folder that holds it, or a zip of that folder, also at URLs.

    Raises CtcError when `source` is not a Camtrap DP 1.x package.
    """
    with open_files(source) as files:
        try:
            tables = _read_descriptor(files)
        except InputError as error:  # say the name of the zip, not that of the unpacked file
            raise InputError(str(error).replace(str(files.descriptor), files.name)) from None
        for table in REQUIRED:
            if table not in tables:
                raise InputError(
                    f"'{files.name}' has no resource called '{table}', which Camtrap DP requires"
                )
        yield Package(files, tables)


def _read_descriptor(files: PackageFiles) -> dict[str, tuple[Path, ...]]:
    tables: dict[str, tuple[Path, ...]] = {}
    for key, value in read_document(files.descriptor, ("resources",)):
        if key == "resources":
            tables.setdefault(value.required_text("name"), _resource_files(value, files))
        elif key == "profile":
            _check_version(files.name, str(value))
    return tables


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


def _check_version(descriptor: str, profile: str) -> None:
    version = re.search(r"/camtrap-dp/v?((\d+)[\d.]*)", profile)
    if version and version[2] != "1":
        raise InputError(
            f"'{descriptor}' is Camtrap DP {version[1]}, ctc reads 1.x: "
            "export it again as 1.x, or convert it"
        )


def _resource_files(resource: JsonEntry, files: PackageFiles) -> tuple[Path, ...]:
    if resource.fields["name"] not in REQUIRED:
        return ()
    paths = resource.fields.get("path")
    parts = paths if isinstance(paths, list) else [resource.required_text("path")]
    found = []
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
        file = files.find(path)
        if file is None:
            raise InputError(f"{resource.where}: '{path}' does not exist")
        found.append(file)
    return tuple(found)


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

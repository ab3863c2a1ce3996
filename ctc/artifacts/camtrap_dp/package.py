"""Camtrap DP package: the files of its tables and their rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ctc.artifacts.camtrap_dp.archive import (
    PackageFiles,
    ZipFiles,
    decompressed,
    downloaded,
    find_at_url,
    open_files,
)
from ctc.errors import InputError
from ctc.storage.csv_reader import open_table
from ctc.storage.json_file import json_type, read_object
from ctc.storage.paths import is_remote, is_url

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
    "deployments": ("locationID", "locationName", "deploymentStart", "deploymentEnd"),
    "media": ("fileName", "filePublic", "eventID", "mediaComments"),
    "observations": (
        "mediaID",
        "eventID",
        "scientificName",
        "count",
        "sex",
        "lifeStage",
        "behavior",
        *BOX_COLUMNS,
        "classificationMethod",
        "classifiedBy",
        "classificationProbability",
    ),
}
_MISSING = frozenset({"", "NA", "NaN", "nan"})  # `missingValues` of the table schemas

CsvRow = Mapping[str, str | None]


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

    def photo_in_zip(self, path: str) -> str | None:
        """Return the path in the zip of a photo of the package, None if it isn't in there."""
        return self.files.path_inside(path) if isinstance(self.files, ZipFiles) else None


@contextmanager
def open_package(source: Path) -> Iterator[Package]:
    """Open a datapackage.json, the folder that holds it, or a zip of that folder, also at URLs.

    The tables may be packed with gzip, and be at URLs of their own. Raises CtcError when `source`
    is not a Camtrap DP 1.x package.
    """
    with open_files(source) as files:
        tables = _read_descriptor(files)
        for table in REQUIRED:
            if not tables.get(table):
                raise InputError(
                    f"'{files.name}' has no resource called '{table}', which Camtrap DP requires"
                )
        yield Package(files, tables)


def _read_descriptor(files: PackageFiles) -> dict[str, tuple[Path, ...]]:
    document = _read_document(files)
    _check_version(files.name, str(document.get("profile", "")))
    if "resources" not in document:
        raise InputError(f"'{files.name}' has no 'resources': it is no Camtrap DP package")
    if not isinstance(document["resources"], list):
        raise InputError(f"'{files.name}': 'resources' must be a list")
    tables: dict[str, tuple[Path, ...]] = {}
    for number, resource in enumerate(document["resources"]):
        where = f"'{files.name}' resources[{number}]"
        if not isinstance(resource, dict):
            raise InputError(f"{where} is {json_type(resource)}, not an object")
        name = _text(resource, "name", where)
        if name in tables:
            raise InputError(f"{where} is another '{name}': give all its files as one 'path'")
        if name in REQUIRED:
            tables[name] = _resource_files(resource, where, files)
    return tables


def _read_document(files: PackageFiles) -> dict[str, Any]:
    copy = downloaded(files.descriptor)
    try:
        return read_object(copy, "the descriptor of a Camtrap DP package")
    except InputError as error:  # say the name of the package, not that of the copy
        raise InputError(str(error).replace(str(copy), files.name)) from None


def _text(resource: Mapping[str, Any], key: str, where: str) -> str:
    value = resource.get(key)
    if not value:
        raise InputError(f"{where} has no '{key}'")
    if not isinstance(value, str):
        raise InputError(f"{where}: '{key}' must be text, not {json_type(value)}")
    return value


def _check_version(descriptor: str, profile: str) -> None:
    version = re.search(r"/camtrap-dp/v?((\d+)[\d.]*)", profile)
    if version and version[2] != "1":
        raise InputError(
            f"'{descriptor}' is Camtrap DP {version[1]}, ctc reads 1.x: "
            "export it again as 1.x, or convert it"
        )


def _resource_files(
    resource: Mapping[str, Any], where: str, files: PackageFiles
) -> tuple[Path, ...]:
    if "data" in resource and not resource.get("path"):
        raise InputError(f"{where} has its rows in 'data': save them as a CSV, and give its 'path'")
    paths = resource.get("path")
    parts = paths if isinstance(paths, list) else [_text(resource, "path", where)]
    return tuple(_find_table(path, where, files) for path in parts)


def _find_table(path: object, where: str, files: PackageFiles) -> Path:
    if not isinstance(path, str):
        raise InputError(f"{where}: 'path' must be text, or a list of text")
    if is_url(path):
        return find_at_url(path, where)
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise InputError(f"{where}: '{path}' is outside the package, which Data Packages forbid")
    file = files.find(path)
    if file is None:
        raise InputError(f"{where}: '{path}' does not exist")
    return file


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

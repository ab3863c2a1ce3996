"""Rows of images.csv, as observations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ctc.errors import UsageError, did_you_mean
from ctc.plugin import LeftOut, Observation
from ctc.plugin.records import MetaValue
from ctc.reporting import counted
from ctc.storage.csv_reader import CsvTable

from .identification import OPTIONAL, Identification, Row, identify
from .photos import PhotoFinder, PhotoNotFoundError
from .tables import Download

BY_COMPUTER = "identified by computer vision alone: --with-computer-vision reads it"
SEQUENCE_IDS = ("sequence_id", "external_sequence_id")
"""Columns of downloads, and of tables made for an upload."""
NOT_IDENTIFIED = "not identified"


class Place(NamedTuple):
    """Where a deployment was, coordinates in degrees."""

    location: str
    latitude: float | None
    longitude: float | None


class RowReader:
    """Reads the rows of a download; `options`: those of the format, by key."""

    def __init__(self, download: Download, options: Mapping[str, Any]) -> None:
        self._download = download
        self._names: str = options["names"]
        self._with_computer: bool = options["with_computer_vision"]
        self._meta: tuple[str, ...] = tuple(options["meta"])
        self._photos = PhotoFinder(options.get("image_root"))
        self._bad_times: Counter[str] = Counter()
        self._no_place: Counter[str] = Counter()
        self._bad_degrees: Counter[str] = Counter()
        self._bad_counts: Counter[str] = Counter()
        _check_columns(download.images, self._meta)
        self._optional = _optional_labels((*download.images, *download.sequences))
        self._places = self._read_places()
        self._sequences = self._read_sequences()

    def read(self) -> Iterator[Observation | LeftOut]:
        """Yield the observations of all images, in their order."""
        for table in self._download.images:
            for line, row in _rows(table):
                yield from self._read_image(f"{table.path.name} line {line}", row)

    def notes(self) -> Iterator[str]:
        """Yield what the user should know of places and times."""
        if self._no_place:
            names = ", ".join(f"'{name}'" for name in list(self._no_place)[:3])
            yield (
                f"{counted(len(self._no_place), 'deployment')} without a row in deployments.csv "
                f"({names}{', …' if len(self._no_place) > 3 else ''}): the location is the "
                "deployment_id, without degrees"
            )
        if self._bad_degrees:
            name = next(iter(self._bad_degrees))
            yield (
                f"{counted(len(self._bad_degrees), 'deployment')} whose latitude or longitude is "
                f"no number of degrees (first: '{name}'): read without"
            )
        if self._bad_counts:
            yield (
                f"{counted(self._bad_counts.total(), 'count')} that "
                f"{'is' if self._bad_counts.total() == 1 else 'are'} no number of individuals "
                f"(first: '{next(iter(self._bad_counts))}'): read as missing"
            )
        if self._bad_times:
            yield (
                f"{counted(self._bad_times.total(), 'row')} whose timestamp is not written as "
                f"Wildlife Insights does (first: '{next(iter(self._bad_times))}'): "
                "--time-from timestamp reads other ways"
            )

    def _read_image(self, where: str, row: Row) -> Iterator[Observation | LeftOut]:
        image_id, deployment = row["image_id"].strip(), row["deployment_id"].strip()
        sequence = next((row[name].strip() for name in SEQUENCE_IDS if row.get(name)), "")
        if not image_id:
            yield LeftOut(where, "it has no image_id")
            return
        place = self._place(deployment)
        try:
            photo = self._photos.find(row, (deployment, place.location))
        except PhotoNotFoundError as error:
            yield LeftOut(where, str(error))
            return
        meta: dict[str, MetaValue] = {
            **{name: row[name].strip() or None for name in self._meta},
            "deploymentID": deployment or None,
            **place._asdict(),
            "datetime": self._time(row.get("timestamp", "")),
        }
        found = self._sequences.get(sequence) or (identify(row, self._names),)
        for one in found:
            if one.bad_count:
                self._bad_counts[one.bad_count] += 1
            if reason := self._unusable_reason(one):
                yield LeftOut(where, reason)
            else:
                yield Observation(sequence or image_id, (photo,), one.labels(self._optional), meta)

    def _unusable_reason(self, found: Identification) -> str | None:
        if found.is_by_computer and not self._with_computer:
            return BY_COMPUTER
        return NOT_IDENTIFIED if found.species is None else None

    def _place(self, deployment: str) -> Place:
        found = self._places.get(deployment)
        if found is None:
            if self._download.deployments:
                self._no_place[deployment] += 1
            return Place(deployment, None, None)
        return found

    def _time(self, text: str) -> str | None:
        if not text.strip():
            return None
        try:
            return datetime.fromisoformat(text.strip()).isoformat()
        except ValueError:
            if "timestamp" not in self._meta:  # else --time-from reads it
                self._bad_times[text.strip()] += 1
            return None

    def _read_places(self) -> dict[str, Place]:
        found: dict[str, Place] = {}
        for table in self._download.deployments:
            for _, row in _rows(table):
                deployment = row.get("deployment_id", "").strip()
                degrees = [
                    self._degrees(deployment, row.get(name, ""), limit)
                    for name, limit in (("latitude", 90), ("longitude", 180))
                ]
                name = row.get("placename", "").strip() or deployment
                found.setdefault(deployment, Place(name, *degrees))
        return found

    def _degrees(self, deployment: str, text: str, limit: int) -> float | None:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if -limit <= value <= limit:
            return value
        if text.strip():
            self._bad_degrees[deployment] += 1
        return None

    def _read_sequences(self) -> dict[str, tuple[Identification, ...]]:
        found: dict[str, tuple[Identification, ...]] = {}
        for table in self._download.sequences:
            for _, row in _rows(table):
                sequence = row.get("sequence_id", "").strip()
                found[sequence] = (*found.get(sequence, ()), identify(row, self._names))
        return found


def _rows(table: CsvTable) -> Iterator[tuple[int, Row]]:
    for line, cells in table.rows():
        yield line, {name: cells[at] for name, at in table.columns.items()}


def _check_columns(tables: Iterable[CsvTable], names: Iterable[str]) -> None:
    for table in tables:
        for name in names:
            if name not in table.columns:
                raise UsageError(
                    f"'{table.path.name}' has no column '{name}'{did_you_mean(name, table.columns)}"
                )


def _optional_labels(tables: Iterable[CsvTable]) -> frozenset[str]:
    """Return which of the labels in OPTIONAL any row has."""
    found: set[str] = set()
    for table in tables:
        missing = OPTIONAL.keys() - found
        for _, row in _rows(table) if missing else ():
            one = identify(row, "scientific").labels(frozenset(missing))
            found |= {label for label in missing if one[label] is not None}
            missing -= found
            if not missing:
                break
    return frozenset(found)

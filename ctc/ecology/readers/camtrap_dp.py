"""Surveys of Camtrap DP packages, https://camtrap-dp.tdwg.org: in a folder or a zip.

An event with event-based observations has those; other events have the media-based ones, with the
most individuals in one photo. The probability of a machine's answer is its
`classificationProbability`; what is left is for any other answer.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from ctc.artifacts.predictions import UNKNOWN
from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.deployments import read_deployments
from ctc.ecology.readers.inventory import parse_degrees, parse_whole
from ctc.ecology.readers.labelled import LabelledEvent, to_survey
from ctc.ecology.survey import Survey
from ctc.errors import InputError, UsageError, reason
from ctc.storage.csv_reader import MISSING, read_rows
from ctc.storage.json_file import read_object

DESCRIPTOR = "datapackage.json"
_TABLES = ("deployments", "observations", "media")
_KINDS = {"blank": "blank", "human": "human", "vehicle": "vehicle", "animal": "animal"}

_Row = Mapping[str, str]


def is_camtrap_dp(path: Path) -> bool:
    """Return whether `path` is a package: its folder, its descriptor or a zip."""
    if path.is_dir():
        return (path / DESCRIPTOR).is_file()
    return path.name == DESCRIPTOR or path.suffix.lower() == ".zip"


def read_camtrap_dp_survey(path: Path, config: SummaryConfig) -> Survey:
    """Read a package with its deployments; raises CtcError if it can't be read."""
    del config
    with _open_tables(path) as tables:
        deployments = read_deployments(tables["deployments"][0])
        station = dict(zip(deployments.camera, deployments.station, strict=True))
        media = _media(tables["media"])
        events: dict[str, _Event] = {}
        for row in _rows(tables["observations"]):
            _add(events, row, media, station)
    survey = to_survey([event.finish() for event in events.values()])
    return Survey(survey.events, survey.answers, deployments, survey.has_counts)


class _Event:
    """An event with its observations by level."""

    def __init__(self, event_id: str, camera: str, station: str, time: str) -> None:
        self.id, self.camera, self.station, self.time = event_id, camera, station, time
        self.by_level: dict[str, dict[str, int]] = {}
        self.probability: dict[str, dict[str, float]] = {}

    def add(self, row: _Row, name: str) -> None:
        level = row["observationLevel"]
        counts = self.by_level.setdefault(level, {})
        count, known = parse_whole(_value(row, "count")), counts.get(name, 0)
        counts[name] = max(known, count) if level == "media" else known + count
        share = parse_degrees(_value(row, "classificationProbability"))
        if _value(row, "classificationMethod") == "machine" and 0 <= share <= 1:
            shares = self.probability.setdefault(level, {})
            shares[name] = max(share, shares.get(name, 0.0))

    def finish(self) -> LabelledEvent:
        """Return the event by the level that counts."""
        level = "event" if "event" in self.by_level else "media"
        found = LabelledEvent(self.id, self.station, self.camera, self.time)
        found.species = {
            name: count for name, count in self.by_level[level].items() if name != UNKNOWN
        }
        shares = self.probability.get(level)
        if shares:
            left = max(0.0, 1 - sum(shares.values()))
            found.probabilities = {**shares, UNKNOWN: shares.get(UNKNOWN, 0.0) + left}
        return found


def _add(
    events: dict[str, _Event],
    row: _Row,
    media: Mapping[str, tuple[str, str]],
    station: Mapping[str, str],
) -> None:
    media_id, camera = _value(row, "mediaID"), row["deploymentID"]
    own, time = media.get(media_id, ("", ""))
    start = _value(row, "eventStart")
    key = _value(row, "eventID") or own or media_id or f"{camera} {start}"
    if camera not in station:
        raise InputError(
            f"deployment '{camera}' of event '{key}' is not among the deployments of the package"
        )
    event = events.get(key)
    if event is None:
        event = events[key] = _Event(key, camera, station[camera], start or time)
    event.time = min(filter(None, (event.time, start or time)), default="")
    kind = _value(row, "observationType")
    name = _value(row, "scientificName") if kind in ("animal", "human", "vehicle") else ""
    event.add(row, name or _KINDS.get(kind, UNKNOWN))


def _media(paths: list[Path]) -> dict[str, tuple[str, str]]:
    """Return the event and the time of each photo, by mediaID."""
    return {
        row["mediaID"]: (_value(row, "eventID"), _value(row, "timestamp")) for row in _rows(paths)
    }


def _rows(paths: list[Path]) -> Iterator[_Row]:
    for path in paths:
        yield from (row for _, row in read_rows(path)[1])


def _value(row: _Row, column: str) -> str:
    text = row.get(column, "")
    return "" if text in MISSING else text


@contextmanager
def _open_tables(path: Path) -> Iterator[dict[str, list[Path]]]:
    """Yield the files of each table."""
    if path.suffix.lower() == ".zip":
        with TemporaryDirectory() as folder:
            _unpack(path, Path(folder))
            yield _find_tables(Path(folder) / DESCRIPTOR)
        return
    yield _find_tables(path if path.name == DESCRIPTOR else path / DESCRIPTOR)


def _unpack(path: Path, folder: Path) -> None:
    """Unpack the descriptor and the CSV tables of a zip, without the folders in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                name = PurePosixPath(info.filename).name
                if name == DESCRIPTOR or name.endswith(".csv"):
                    (folder / name).write_bytes(archive.read(info))
    except (OSError, zipfile.BadZipFile, RuntimeError) as error:
        raise InputError(f"'{path}' can't be read as a zip: {reason(error)}") from None


def _find_tables(descriptor: Path) -> dict[str, list[Path]]:
    about = read_object(descriptor, "the descriptor of a Camtrap DP package")
    tables = {}
    for entry in about.get("resources", ()):
        if isinstance(entry, dict) and entry.get("name") in _TABLES:
            tables[str(entry["name"])] = [_locate(descriptor, one) for one in _paths(entry)]
    for name in _TABLES:
        if not tables.get(name):
            raise InputError(f"'{descriptor}' has no resource called '{name}'")
    return tables


def _paths(entry: dict[str, Any]) -> list[str]:
    found = entry.get("path", ())
    return [found] if isinstance(found, str) else list(found)


def _locate(descriptor: Path, name: str) -> Path:
    for path in (descriptor.parent / name, descriptor.parent / PurePosixPath(name).name):
        if path.is_file():
            return path
    raise UsageError(f"'{descriptor.parent / name}' does not exist, which '{descriptor}' names")

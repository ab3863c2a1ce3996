"""Surveys of Camtrap DP packages, https://camtrap-dp.tdwg.org: folders, zips and URLs.

An event with event-based observations has those; other events have the media-based ones. Where
people and machines answered, people count. `classificationProbability` is that of the answer alone:
without those of all other classes, nothing can be told with the classifier's error.

The group size is the sum of the counts of event-based observations; where these have none, and for
media-based ones, it is the most individuals in one photo. An event's time is that of its first
photo, since packages often have eventStart in UTC, and photos in the time of the camera's clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path

from ctc.artifacts.camtrap_dp.archive import is_package
from ctc.artifacts.camtrap_dp.package import BOX_COLUMNS, CsvRow, Package, open_package
from ctc.artifacts.camtrap_dp.timestamps import parse_moment
from ctc.artifacts.predictions import MACHINE, UNKNOWN
from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.camtrap_dp.deployments import (
    PackageDeployments,
    read_package_deployments,
)
from ctc.ecology.readers.camtrap_dp.events import PackageEvent, PackageEvents, PackagePhotos, Seen
from ctc.ecology.readers.deployments import to_deployments
from ctc.ecology.readers.inventory import parse_whole
from ctc.ecology.readers.labelled import LabelledEvent, to_survey
from ctc.ecology.survey import Survey
from ctc.errors import InputError
from ctc.reporting import counted

NO_ERROR = (
    "a Camtrap DP package has the probability of each machine's answer, not those of the other"
    " classes, so nothing is told with the classifier's error: summarize what `ctc predict` wrote"
    " as CSV, Parquet or JSON for that"
)
_KINDS = {"blank": "blank", "human": "human", "vehicle": "vehicle", "animal": "animal"}
_LEVELS = ("media", "event")
_SUFFIX = ".zip"


def is_camtrap_dp(path: Path) -> bool:
    """Return whether `path` is a package: its folder, its descriptor or a zip, also at a URL."""
    return path.suffix.lower() == _SUFFIX or is_package(path)


def read_camtrap_dp_survey(path: Path, config: SummaryConfig) -> Survey:
    """Read a package with its deployments; raises CtcError if it can't be read."""
    del config
    with open_package(path) as package:
        photos = PackagePhotos(package)
        found = read_package_deployments(package, photos)
        if not found.rows:
            raise InputError(f"'{path}' has no deployment with a start and an end, or with photos")
        events = PackageEvents(photos)
        warnings = [*_read_observations(package, found.stations, events), *found.warnings]
    seen = events.finish()
    if any(one.is_machine for event in seen for one in _rows(event)):
        warnings.append(NO_ERROR)
    survey = to_survey([_label(one, found, photos) for one in seen], True)
    return replace(survey, deployments=to_deployments(found.rows), warnings=tuple(warnings))


def _read_observations(
    package: Package, known: Container[str], events: PackageEvents
) -> Iterator[str]:
    """Read all rows; yields what was left out."""
    left_out: Counter[str] = Counter()
    for where, row in package.rows("observations"):
        deployment, level = row["deploymentID"] or "", row["observationLevel"]
        if deployment not in known:
            raise InputError(
                f"{where}: deployment '{deployment}' is not among the deployments of the package"
            )
        if level not in _LEVELS:
            left_out[str(level)] += 1
            continue
        (events.add_of_event if level == "event" else events.add_of_photo)(row, _seen(row))
    for level, count in left_out.items():
        yield (
            f"{counted(count, 'observation is', 'observations are')} left out: observationLevel"
            f" '{level}' is neither 'media' nor 'event'"
        )


def _seen(row: CsvRow) -> Seen:
    kind = row["observationType"] or ""
    name = row["scientificName"] if kind in ("animal", "human", "vehicle") else None
    count = parse_whole(row["count"])
    if not count and all(row[column] for column in BOX_COLUMNS):
        count = 1
    is_machine = row["classificationMethod"] == MACHINE
    return Seen(name or _KINDS.get(kind, UNKNOWN), count, is_machine, row["classifiedBy"] or "")


def _label(
    event: PackageEvent, deployments: PackageDeployments, photos: PackagePhotos
) -> LabelledEvent:
    camera = event.deployment
    time = _time(event, photos, deployments.zones.get(camera))
    found = LabelledEvent(event.id, deployments.stations[camera], camera, time)
    found.photos, rows = event.photos, _rows(event)
    found.identified_by = " | ".join(dict.fromkeys(one.by for one in rows if one.by))
    names = dict.fromkeys(one.name for one in rows if one.name != UNKNOWN)
    if len(names) > 1:  # of an animal that is not in every photo
        names.pop("blank", None)
    in_photos = event.most_in_a_photo()
    for name in names:
        total = sum(one.individuals for one in event.of_event if one.name == name)
        found.species[name] = total or in_photos.get(name, 0)
    return found


def _rows(event: PackageEvent) -> Sequence[Seen]:
    """Return the observations that count: event-based if there are any, people's if there are."""
    rows = event.of_event or event.of_photos()
    return [one for one in rows if not one.is_machine] or rows


def _time(event: PackageEvent, photos: PackagePhotos, zone: tzinfo | None) -> str:
    """Return the time of the first photo, else eventStart in the zone of the nearest photo.

    `zone`: of a deployment without photos.
    """
    if event.first_photo:
        return event.first_photo
    start, _ = parse_moment(event.start)
    if start is None or start.tzinfo is None:
        return event.start
    near = photos.zone_near(event.deployment, start.timestamp())
    return start.astimezone(near or zone or start.tzinfo).isoformat()

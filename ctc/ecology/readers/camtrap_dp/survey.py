"""Surveys of Camtrap DP packages, https://camtrap-dp.tdwg.org: folders, zips and URLs.

An event with event-based observations has those; other events have the media-based ones. Where
people and machines answered, people count. The probability of a machine's answer is its
`classificationProbability`; what is left is for any other answer.

The group size is the sum of the counts of event-based observations; where these have none, and for
media-based ones, it is the most individuals in one photo. An event's time is that of its first
photo, since packages often have eventStart in UTC, and photos in the time of the camera's clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
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
from ctc.ecology.readers.inventory import parse_degrees, parse_whole
from ctc.ecology.readers.labelled import LabelledEvent, to_survey
from ctc.ecology.survey import Survey
from ctc.errors import InputError
from ctc.reporting import counted

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
    survey = to_survey([_label(one, found) for one in events.finish()], True)
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
    share = parse_degrees(row["classificationProbability"]) if is_machine else float("nan")
    return Seen(name or _KINDS.get(kind, UNKNOWN), count, share, is_machine)


def _label(event: PackageEvent, deployments: PackageDeployments) -> LabelledEvent:
    camera = event.deployment
    time = _time(event, deployments.zones.get(camera))
    found = LabelledEvent(event.id, deployments.stations[camera], camera, time)
    found.photos = event.photos
    rows = _by_people_if_any([*event.of_event, *event.of_photos()])
    if event.of_event:
        rows = _by_people_if_any(event.of_event)
    names = dict.fromkeys(one.name for one in rows if one.name != UNKNOWN)
    if len(names) > 1:  # of an animal that is not in every photo
        names.pop("blank", None)
    in_photos = event.most_in_a_photo()
    for name in names:
        total = sum(one.individuals for one in event.of_event if one.name == name)
        found.species[name] = total or in_photos.get(name, 0)
    shares = _shares(rows)
    if shares:
        left = max(0.0, 1 - sum(shares.values()))
        found.probabilities = {**shares, UNKNOWN: shares.get(UNKNOWN, 0.0) + left}
    return found


def _by_people_if_any(rows: Sequence[Seen]) -> Sequence[Seen]:
    return [one for one in rows if not one.is_machine] or rows


def _shares(rows: Sequence[Seen]) -> Mapping[str, float]:
    """Return the highest probability of each name, of those that have one."""
    shares: dict[str, float] = {}
    for one in rows:
        if 0 <= one.share <= 1:
            shares[one.name] = max(one.share, shares.get(one.name, 0.0))
    return shares


def _time(event: PackageEvent, zone: tzinfo | None) -> str:
    """Return the time of the first photo, else eventStart in the deployment's zone."""
    if event.first_photo:
        return event.first_photo
    start, _ = parse_moment(event.start)
    if start is None or start.tzinfo is None or zone is None:
        return event.start
    return start.astimezone(zone).isoformat()

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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from ctc.artifacts.camtrap_dp.archive import is_package
from ctc.artifacts.camtrap_dp.coordinates import LenientCoordinates
from ctc.artifacts.camtrap_dp.deployments import DeploymentRow, parse_deployment_rows
from ctc.artifacts.camtrap_dp.package import BOX_COLUMNS, CsvRow, Package, open_package
from ctc.artifacts.camtrap_dp.timestamps import parse_moment
from ctc.artifacts.predictions import MACHINE, UNKNOWN
from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.camtrap_dp_events import PackageEvent, PackageEvents, PackagePhotos, Seen
from ctc.ecology.readers.deployments import to_deployments
from ctc.ecology.readers.inventory import parse_degrees, parse_whole
from ctc.ecology.readers.labelled import LabelledEvent, to_survey
from ctc.ecology.survey import Survey
from ctc.errors import InputError
from ctc.reporting import counted

_KINDS = {"blank": "blank", "human": "human", "vehicle": "vehicle", "animal": "animal"}
_LEVELS = ("media", "event")
_SECOND = timedelta(seconds=1)
_SUFFIX = ".zip"


def is_camtrap_dp(path: Path) -> bool:
    """Return whether `path` is a package: its folder, its descriptor or a zip, also at a URL."""
    return path.suffix.lower() == _SUFFIX or is_package(path)


def read_camtrap_dp_survey(path: Path, config: SummaryConfig) -> Survey:
    """Read a package with its deployments; raises CtcError if it can't be read."""
    del config
    with open_package(path) as package:
        places = LenientCoordinates()
        rows = parse_deployment_rows(package.rows("deployments"), places)
        if not rows:
            raise InputError(f"'{path}' has no deployment")
        photos = PackagePhotos(package)
        events = PackageEvents(photos)
        warnings = list(_read_observations(package, {row.camera for row in rows}, events))
    warnings += [*places.warnings(), *_guessed_times(rows, photos)]
    rows = [_on_the_clock(_lasting(row), photos.zones.get(row.camera)) for row in rows]
    by_id = {row.camera: row for row in rows}
    survey = to_survey([_label(one, by_id[one.deployment]) for one in events.finish()], True)
    return replace(survey, deployments=to_deployments(rows), warnings=tuple(warnings))


def _read_observations(package: Package, known: set[str], events: PackageEvents) -> Iterator[str]:
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


def _guessed_times(rows: Sequence[DeploymentRow], photos: PackagePhotos) -> Iterator[str]:
    """Yield a warning if all cameras ran from their first to their last photo."""
    spans = [(row, photos.span(row.camera)) for row in rows]
    if all(
        span is not None and (row.start.timestamp(), row.end.timestamp()) == span
        for row, span in spans
        if row.start.tzinfo is not None
    ):
        yield (
            "all deployments start with their first and end with their last photo, so trap nights"
            " are too few if cameras ran longer; give --deployments"
        )


def _lasting(row: DeploymentRow) -> DeploymentRow:
    """Return a deployment that lasts a second at least, as that of a single photo."""
    if row.end > row.start:
        return row
    return replace(row, end=row.start + _SECOND, until=row.start + _SECOND)


def _on_the_clock(row: DeploymentRow, zone: tzinfo | None) -> DeploymentRow:
    """Return a deployment with its times in the zone of its photos."""
    if zone is None or row.start.tzinfo is None:
        return row
    start, end, since, until = (
        time.astimezone(zone) for time in (row.start, row.end, row.since, row.until)
    )
    return replace(row, start=start, end=end, since=since, until=until)


def _label(event: PackageEvent, deployment: DeploymentRow) -> LabelledEvent:
    found = LabelledEvent(event.id, deployment.station, deployment.camera, _time(event, deployment))
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


def _time(event: PackageEvent, deployment: DeploymentRow) -> str:
    """Return the time of the first photo, else eventStart in the deployment's zone."""
    if event.first_photo:
        return event.first_photo
    start, _ = parse_moment(event.start)
    zone = deployment.start.tzinfo
    is_known = isinstance(start, datetime) and start.tzinfo is not None and zone is not None
    return start.astimezone(zone).isoformat() if is_known and start else event.start

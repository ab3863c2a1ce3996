"""Deployments of a Camtrap DP package, with the times of the cameras' clocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo

from ctc.artifacts.camtrap_dp.coordinates import LenientCoordinates
from ctc.artifacts.camtrap_dp.deployments import DeploymentRow, parse_deployment_rows
from ctc.artifacts.camtrap_dp.package import CsvRow, Package
from ctc.ecology.readers.camtrap_dp.events import PackagePhotos
from ctc.reporting import counted

_SECOND = timedelta(seconds=1)
GUESSED = (
    "all deployments start with their first and end with their last photo, so trap nights are too"
    " few if cameras ran longer; give --deployments"
)


@dataclass(frozen=True)
class PackageDeployments:
    """The deployments that have a start and an end; `stations` of all, by deploymentID.

    `zones`: those in which deployments start, where known. `warnings`: what was guessed or left
    out.
    """

    rows: Sequence[DeploymentRow]
    stations: Mapping[str, str]
    zones: Mapping[str, tzinfo]
    warnings: Sequence[str]


def read_package_deployments(package: Package, photos: PackagePhotos) -> PackageDeployments:
    """Read the table of deployments; a start or end that is missing is that of the photos.

    Raises InputError for times that are none, and ends before starts.
    """
    places, stations, dated, filled = LenientCoordinates(), {}, [], []
    for where, row in package.rows("deployments"):
        camera = row["deploymentID"] or ""
        stations[camera] = row["locationID"] or row["locationName"] or camera
        full = _with_times(row, photos.first_and_last(camera))
        if full is not row:
            filled.append(camera)
        if full["deploymentStart"] and full["deploymentEnd"]:
            dated.append((where, full))
    rows = parse_deployment_rows(dated, places)
    warnings = [*places.warnings(), *_missing(filled), *_guessed(rows, photos)]
    rows = [_on_the_clock(_lasting(row), photos) for row in rows]
    zones = {row.camera: row.start.tzinfo for row in rows if row.start.tzinfo is not None}
    return PackageDeployments(rows, stations, zones, warnings)


def _with_times(row: CsvRow, span: tuple[str, str] | None) -> CsvRow:
    """Return a row with a start and an end, those of its photos if it has none."""
    start, end = row["deploymentStart"], row["deploymentEnd"]
    if start and end:
        return row
    first, last = span or (None, None)
    return {**row, "deploymentStart": start or first, "deploymentEnd": end or last}


def _missing(names: Sequence[str]) -> Iterator[str]:
    if names:
        count = counted(len(names), "deployment has", "deployments have")
        yield (
            f"{count} no start or no end, and that of the photos is taken, if there is one (first:"
            f" '{names[0]}')"
        )


def _guessed(rows: Sequence[DeploymentRow], photos: PackagePhotos) -> Iterator[str]:
    """Yield a warning if all cameras ran from their first to their last photo."""
    if rows and all(
        (row.start.timestamp(), row.end.timestamp()) == photos.span(row.camera)
        for row in rows
        if row.start.tzinfo is not None
    ):
        yield GUESSED


def _lasting(row: DeploymentRow) -> DeploymentRow:
    """Return a deployment that lasts a second at least, as that of a single photo."""
    if row.end > row.start:
        return row
    return replace(row, end=row.start + _SECOND, until=row.start + _SECOND)


def _on_the_clock(row: DeploymentRow, photos: PackagePhotos) -> DeploymentRow:
    """Return a deployment with each time in the zone of the photo nearest to it."""
    if row.start.tzinfo is None:
        return row
    start, end, since, until = (
        moment.astimezone(photos.zone_near(row.camera, moment.timestamp()) or moment.tzinfo)
        for moment in (row.start, row.end, row.since, row.until)
    )
    shown = photos.clock_span(row.camera, row.since.timestamp(), row.until.timestamp())
    if shown:
        since = min(since, shown[0].replace(tzinfo=since.tzinfo))
        until = max(until, shown[1].replace(tzinfo=until.tzinfo))
    return replace(row, start=start, end=end, since=since, until=until)

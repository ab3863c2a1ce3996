"""Correct the times of a survey by a file of clock offsets."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from ctc.artifacts.cameras.clock_offsets import (
    ALL,
    CLOCK_SHOWED,
    DATETIME_ORIGINAL,
    ClockOffset,
    ClockOffsets,
    folder_names,
)
from ctc.artifacts.camtrap_dp.package import open_package
from ctc.artifacts.review.store import ReviewStore
from ctc.ecology.readers.camtrap_dp.survey import is_camtrap_dp
from ctc.ecology.readers.names import guess_deployments
from ctc.ecology.survey import Deployments, Events, Ints, Photos, Survey, Times
from ctc.errors import UsageError, did_you_mean
from ctc.images.metadata.clock_correction import describe_unused
from ctc.reporting import counted
from ctc.storage.csv_reader import open_table
from ctc.storage.remote_files import local_copy
from ctc.storage.text_encoding import detect_encoding

STORES = (".sqlite", ".sqlite3", ".db")
"""Suffixes of review stores."""
_SHOWN = 5

log = logging.getLogger(__name__)


def correct_clocks(survey: Survey, offsets: ClockOffsets) -> Survey:
    """Return the survey with the right times of events and photos.

    A row is for the cameras of a deployment or station of its name, `*` for all others. Raises
    UsageError if none is for any.
    """
    if any(row.names_files for row in offsets.rows):
        raise UsageError(
            f"'{offsets.name}' has offsets of some files alone, which events don't tell: correct"
            " the times in `ctc inventory` or `ctc predict`"
        )
    events = survey.events
    rows = [_rows_of(events, number, offsets) for number in range(len(events.cameras))]
    known = {row.deployment for of_camera in rows for row in of_camera}
    unknown = [name for name in offsets.by_deployment if name not in known]
    names = {*events.cameras, *events.stations}
    if len(unknown) == len(offsets.by_deployment):
        raise UsageError(
            f"no deployment of '{offsets.name}' is a location or deploymentID of the events"
            f"{did_you_mean(unknown[0], names)}: name them alike, or write '*' for all"
        )
    used: set[ClockOffset] = set()
    right = replace(events, time=_corrected(events.time, events.camera, rows, used))
    changed = int((right.time != events.time)[~np.isnat(events.time)].sum())
    log.info("corrected the time of %s by '%s'", counted(changed, "event"), offsets.name)
    photos = survey.photos
    if photos is not None:
        of_photos = _corrected(photos.time, events.camera[photos.event], rows, used)
        photos = Photos(photos.event, photos.path, of_photos)
    deployments = survey.deployments
    if deployments.is_guess:
        deployments = _guess_again(right, deployments)
    warnings = survey.warnings
    if unknown:
        warnings = (*warnings, _describe_unknown(unknown, offsets))
    unused = [one for one in offsets.rows if one.deployment in known - {ALL} and one not in used]
    warnings = (*warnings, *describe_unused(offsets, unused))
    return replace(survey, events=right, photos=photos, deployments=deployments, warnings=warnings)


def check_not_corrected(path: Path) -> None:
    """Raise UsageError for a file of events whose times have been corrected already."""
    if is_camtrap_dp(path) and _is_corrected_package(path):
        raise UsageError(
            f"the clocks of '{path}' have been corrected already, by its mediaComments: leave out"
            " --clock-offset"
        )
    if _has_original_times(path):
        raise UsageError(
            f"'{path}' has '{DATETIME_ORIGINAL}', since its times have been corrected already:"
            " leave out --clock-offset"
        )


def _is_corrected_package(path: Path) -> bool:
    with open_package(path) as package:
        comments = (row["mediaComments"] or "" for _, row in package.rows("media"))
        return any(text.startswith(CLOCK_SHOWED) for text in comments)


def _has_original_times(path: Path) -> bool:
    suffix = path.suffix.lower()
    if not path.is_file() or suffix not in (".parquet", ".json", ".csv", *STORES):
        return False
    path = local_copy(path)
    if suffix in STORES:
        with ReviewStore.open(path, read_only=True) as store:
            first = next(iter(store.iter_events()), None)
        return first is not None and DATETIME_ORIGINAL in first.meta
    if suffix == ".parquet":
        import pyarrow.parquet as pq

        return DATETIME_ORIGINAL in pq.read_schema(path).names
    if suffix == ".json":
        with path.open(encoding=detect_encoding(path), errors="replace") as file:
            return f'"{DATETIME_ORIGINAL}"' in file.read(1 << 20)
    return DATETIME_ORIGINAL in open_table(path).columns


def _rows_of(events: Events, camera: int, offsets: ClockOffsets) -> tuple[ClockOffset, ...]:
    known = offsets.by_deployment
    own = events.cameras[camera], events.stations[events.station_of[camera]]
    names = (*(part for name in own for part in folder_names(name)), ALL)
    return next((known[name] for name in names if name in known), ())


def _corrected(
    time: Times, camera: Ints, rows: list[tuple[ClockOffset, ...]], used: set[ClockOffset]
) -> Times:
    """Return the right times; adds the rows that are for any of them to `used`."""
    right = time.copy()
    order = np.argsort(camera, kind="stable")
    limits = np.searchsorted(camera[order], np.arange(len(rows) + 1))
    for number, of_camera in enumerate(rows):
        own = order[limits[number] : limits[number + 1]]
        for row in of_camera:
            shown = time[own]
            covered = ~np.isnat(shown)
            if row.start is not None:
                covered &= shown >= np.datetime64(row.start, "us")
            if row.end is not None:
                covered &= shown <= np.datetime64(row.end, "us")
            used |= {row} if covered.any() else set()
            right[own[covered]] += np.timedelta64(round(row.seconds), "s")
    return right


def _guess_again(events: Events, guess: Deployments) -> Deployments:
    """Return deployments by the corrected times, at the places that are known."""
    found = guess_deployments(events, None)
    at = {name: number for number, name in enumerate(guess.camera)}
    number = np.array([at[name] for name in found.camera], np.int64)
    return replace(found, latitude=guess.latitude[number], longitude=guess.longitude[number])


def _describe_unknown(unknown: list[str], offsets: ClockOffsets) -> str:
    listed = ", ".join(f"'{name}'" for name in unknown[:_SHOWN])
    more = f" and {len(unknown) - _SHOWN:,} more" if len(unknown) > _SHOWN else ""
    what = counted(len(unknown), "deployment")
    return f"{what} of '{offsets.name}' without an event here: {listed}{more}"

"""Camtrap DP 1.x, the standard for exchanging camera trap data: https://camtrap-dp.tdwg.org

An event with event-based observations has those, and its photos are those of its deployment taken
from eventStart to eventEnd, as the standard defines it, and those that name it by its eventID;
their media-based observations are left out. Of events whose times overlap, a photo is in the
shortest, such as a time-lapse photo within a burst. Other events have the media-based observations
of the photos that name them; a photo that names none is its own event. Where people and machines
answered an event, people count.

Boxes of media-based observations are kept, all of them, in the column `detections`, each with its
own labels. The label `species` is the scientificName, else the observationType: `animal`, `human`,
`vehicle`, `empty` for blank, and missing for unknown and unclassified.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.arrow_columns import DATETIME
from ctc.artifacts.boxes import DETECTIONS, detections_to_json
from ctc.artifacts.cameras.clock_offsets import DATETIME_ORIGINAL
from ctc.artifacts.camtrap_dp.archive import is_package
from ctc.artifacts.camtrap_dp.package import open_package
from ctc.plugin import InputFormat, LeftOut, Observation, Option, hookimpl
from ctc.plugin.records import MetaValue
from ctc.reporting import counted

from .. import duplicates
from .events import ANY_LEVEL, EVENT_LEVEL, MEDIA_LEVEL, ObservedEvents, SeenEvent
from .media import Media
from .photo_finder import PhotoFinder

LEVEL = Option(
    "observation-level",
    "Observations to read: of whole events, or of single photos, each an event by itself; any: of "
    "events, else of their photos.",
    default=ANY_LEVEL,
    choices=(ANY_LEVEL, EVENT_LEVEL, MEDIA_LEVEL),
)
log = logging.getLogger("ctc.formats.camtrap_dp")


@hookimpl
def ctc_input_formats() -> Iterable[InputFormat]:
    return [
        InputFormat(
            name="camtrap-dp",
            summary="Camtrap DP 1.x: a package of deployments, media and observations",
            source="PACKAGE",
            recognizes=is_package,
            read=read,
            default_image_root=_default_image_root,
            options=(duplicates.OPTION, LEVEL),
            example="ctc inventory camtrap-dp package/datapackage.json --output inventory.parquet",
        )
    ]


def _default_image_root(source: Path, _: Mapping[str, Any]) -> Path:
    return source.parent if source.suffix.lower() in (".json", ".zip") else source


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Yield the observations of a package.

    Labels: `species` and, where any row has one, `count`, `sex`, `lifeStage`, `behavior`. Meta:
    `deploymentID`, `location` (locationID, else locationName, else deploymentID), `latitude`,
    `longitude`, and `datetime` of the event's first photo; `datetime_original` where clocks were
    corrected, as the packages of `ctc predict` tell.
    """
    first_wins = duplicates.should_keep_first(options)
    with open_package(source) as package:
        finder = PhotoFinder(package, options.get("image_root"))
        media = Media(finder, first_wins)
        yield from media.read(package)
        for warning in media.coordinates.warnings():
            log.warning("%s", warning)
        _warn_not_public(finder.not_public)
        _warn_in_zip(finder.in_zip)
        events = ObservedEvents(media, first_wins, options[LEVEL.key])
        yield from events.read(package)
    _warn_of_machines(events.count_machines())
    labels, is_corrected = events.label_names(), media.is_corrected
    for found in events.iter_events():
        if isinstance(found, LeftOut):
            yield found
        else:
            paths, meta = tuple(photo.path for photo in found.photos), _event_meta(media, found)
            if is_corrected:
                meta[DATETIME_ORIGINAL] = found.photos[0].shown or meta[DATETIME]
            if options[LEVEL.key] == MEDIA_LEVEL:
                meta["eventID"] = found.name
            if events.boxes:
                own = (detections_to_json(events.boxes.get(path, ())) for path in paths)
                meta[DETECTIONS] = tuple(own)
            for answer in found.observations:
                yield Observation(
                    found.id, paths, {label: getattr(answer, label) for label in labels}, meta
                )


def _warn_not_public(count: int) -> None:
    if count:
        log.warning(
            "%s not public, so the server may refuse to send %s: download %s, and give the folder "
            "with --image-root",
            counted(count, "photo at a URL is", "photos at URLs are"),
            "it" if count == 1 else "them",
            "it" if count == 1 else "them",
        )


def _warn_in_zip(count: int) -> None:
    if count:
        log.warning(
            "%s inside the zip, where nothing can open %s: unpack it in the folder that it is in, "
            "or give the folder of the photos with --image-root",
            counted(count, "photo is", "photos are"),
            "it" if count == 1 else "them",
        )


def _warn_of_machines(count: int) -> None:
    if count:
        log.warning(
            "%s by machines alone: for training, check them first",
            counted(count, "event was answered", "events were answered"),
        )


def _event_meta(media: Media, event: SeenEvent) -> dict[str, MetaValue]:
    first = event.photos[0]
    deployment = media.deployments[first.deployment]
    return {"deploymentID": first.deployment, **deployment._asdict(), "datetime": first.timestamp}

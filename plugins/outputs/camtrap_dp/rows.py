"""Rows of an event in the Camtrap DP tables media and observations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import (
    CLASSIFIED_AT,
    CLASSIFIED_BY,
    MACHINE,
    METHOD,
    UNLIKE_ANYTHING,
    EventPrediction,
    ImagePrediction,
    box_photos,
)
from ctc.images import IMAGE_SUFFIXES
from ctc.images.clips.names import CLIP_SUFFIXES, file_of, split_frame_path
from ctc.storage.paths import is_url, relative_path

from .deployments import format_datetime, meta_text

CamtrapDpRow = dict[str, object]

_FILE_PATH = re.compile(r"^(?=^[^./~])(^((?!\.{2}).)*$).*$")  # the schema's pattern
_FORBIDDEN_CHARACTERS = re.compile("[\r\n\ud800-\udfff]")
_FRACTION = re.compile(r"\.\d+(?=Z|[+-])")
"""Of a second, which the standard's times don't have."""
_CAPTURE_METHODS = ("activityDetection", "timeLapse")
_GENERIC = ("animal", "animals")
UNCLASSIFIED = "unclassified"
"""Observation type of what nobody looked at, and class of that name."""
_VALID = {
    "count": re.compile(r"[1-9]\d*"),
    "sex": re.compile("female|male"),
    "lifeStage": re.compile("adult|subadult|juvenile"),
    "behavior": re.compile("[^|]+"),
}
"""Labels that are columns of the standard, and the classes that it allows there."""
_VIDEO_TYPES = {
    ".mov": "video/quicktime",
    ".avi": "video/x-msvideo",
    ".3gp": "video/3gpp",
    **dict.fromkeys((".mts", ".m2ts"), "video/mp2t"),
}
_MEDIA_TYPES = {".jpg": "image/jpeg", ".tif": "image/tiff"}


@dataclass(frozen=True)
class RowBuilder:
    """Builder of the rows of an event.

    `label` is the one that gives the species, `model` the classifier, `created` the time of
    classification; photo paths are relative to `root`. `names`: scientific names of classes that
    have one in the model's taxonomy. `of_events`: photos have no answers of their own, so that
    those of an event are not repeated for each of its photos.
    """

    label: str
    model: str
    created: str
    root: Path
    names: Mapping[str, str]
    of_events: bool = False

    def media_rows(
        self, event: EventPrediction, deployment: str, moments: list[datetime | None]
    ) -> Iterator[CamtrapDpRow]:
        """Yield a media row per photo and clip; `moments` are the times of photos and frames."""
        known: set[int] = set()
        trigger = meta_text(event, "trigger")
        for number, photo, moment in zip(media_numbers(event), event.images, moments, strict=True):
            if number in known:
                continue
            known.add(number)
            file = file_of(photo.path)
            yield {
                "mediaID": self._media_id(event, number),
                "deploymentID": deployment,
                "captureMethod": trigger if trigger in _CAPTURE_METHODS else "",
                "timestamp": format_datetime(moment),
                "filePath": self._file_path(file),
                "filePublic": "false",
                "fileName": Path(file).name,
                "fileMediatype": _media_type(file),
            }

    def observation_rows(
        self, event: EventPrediction, deployment: str, moments: list[datetime | None]
    ) -> Iterator[CamtrapDpRow]:
        """Yield the observation rows of the event, then those of each photo.

        There are several, one per class, where a multi-label label has several classes.
        """
        known = [moment for moment in moments if moment]
        shared: CamtrapDpRow = {
            "deploymentID": deployment,
            "eventID": self._event_id(event),
            "eventStart": format_datetime(min(known, default=None)),
            "eventEnd": format_datetime(max(known, default=None)),
            **self._classified(event),
        }
        shared["observationLevel"] = "event"
        for row in self._class_rows(event, f"{self._event_id(event)}:event"):
            yield {**shared, **row}
        if self.of_events and len(event.images) > 1:
            return
        shared["observationLevel"] = "media"
        for number, photo, moment in zip(media_numbers(event), event.images, moments, strict=True):
            media_id = self._media_id(event, number)
            frame = split_frame_path(photo.path)
            own_id = f"{media_id}/{photo.path.rpartition('#')[2]}" if frame else media_id
            when = format_datetime(moment)
            times = {"eventStart": when, "eventEnd": when} if frame else {}
            boxes = box_photos(photo)
            for place, shown in enumerate(boxes or (photo,), start=1):
                first_id = own_id if place == 1 else f"{own_id}/box{place}"
                for row in self._class_rows(event, first_id, shown):
                    where = _bbox(shown) if boxes else {}
                    yield {**shared, **times, "mediaID": media_id, **row, **where}

    def _event_id(self, event: EventPrediction) -> str:
        """Return the id; that of a photo or clip by itself, its path, is relative to the root."""
        first = event.images[0].path
        is_path = event.id in (first, file_of(first))
        return (relative_path(event.id, self.root) if is_path else None) or event.id

    def _media_id(self, event: EventPrediction, number: int) -> str:
        return f"{self._event_id(event)}:{number}"

    def _classified(self, event: EventPrediction) -> CamtrapDpRow:
        """Return who classified the event, and when: the machine, unless the event says so."""
        marks = event.columns.get(self.label, {})
        known = METHOD in marks
        moment = str(marks.get(CLASSIFIED_AT) or "") if known else self.created
        return {
            "classificationMethod": marks.get(METHOD) if known else MACHINE,
            "classifiedBy": marks.get(CLASSIFIED_BY) if known else self.model,
            "classificationTimestamp": _FRACTION.sub("", moment),
        }

    def _class_rows(
        self, event: EventPrediction, first_id: str, photo: ImagePrediction | None = None
    ) -> Iterator[CamtrapDpRow]:
        """Yield one row per present class, the first with the id `first_id`.

        An empty class is skipped when there are others.
        """
        if self._is_unclassified(event):
            yield {"observationID": first_id, "observationType": UNCLASSIFIED}
            return
        found = event.predicted_classes(self.label, photo)
        classes = [pair for pair in found if observation_type(pair[0]) != "blank"] or found
        for number, (name, probability) in enumerate(classes, start=1):
            kind = observation_type(name)
            is_open = name.casefold() == UNCLASSIFIED
            yield {
                "observationID": first_id if number == 1 else f"{first_id}/{number}",
                "observationType": UNCLASSIFIED if is_open else kind,
                "scientificName": self.names.get(name, name)
                if kind == "animal" and name.casefold() not in _GENERIC
                else "",
                "classificationProbability": round(min(probability, 1.0), 4),
                **({"observationComments": UNLIKE_ANYTHING} if event.is_stranger(photo) else {}),
                **self._other_labels(event, photo, kind == "animal"),
            }

    def _is_unclassified(self, event: EventPrediction) -> bool:
        """Return whether neither a person nor a machine answered the label."""
        marks = event.columns.get(self.label, {})
        return METHOD in marks and marks[METHOD] is None

    def _other_labels(
        self, event: EventPrediction, photo: ImagePrediction | None, is_animal: bool
    ) -> CamtrapDpRow:
        """Return the other labels as columns of the standard or as tags.

        They are columns where they fit and the observation is of an animal.
        """
        names = {
            label: [name for name, _ in event.predicted_classes(label, photo)]
            for label in event.classes
            if label != self.label
        }
        columns = (
            {label: names.pop(label)[0] for label in _standard_labels(names)} if is_animal else {}
        )
        tags = [
            f"{label}:{name}".replace("|", "/")
            for label, classes in names.items()
            for name in classes
        ]
        return {"observationTags": " | ".join(tags), **columns}

    def _file_path(self, path: str) -> str:
        """Return the path relative to the root, else a URL.

        A URL is used for a photo that is not below the root, or whose name the standard forbids.
        """
        relative = relative_path(path, self.root)
        if (
            relative is not None
            and _FILE_PATH.fullmatch(relative)
            and not _FORBIDDEN_CHARACTERS.search(relative)
        ):
            return relative
        url = path if is_url(path) else Path(path).absolute().as_uri()
        return url.replace("..", "%2E%2E")


def _bbox(photo: ImagePrediction) -> CamtrapDpRow:
    """Return the columns of the box that an answer is for, fractions of the photo."""
    box = photo.box
    if box is None:
        return {}
    sides = {"X": box.x, "Y": box.y, "Width": box.width, "Height": box.height}
    return {f"bbox{name}": round(value, 5) for name, value in sides.items()}


def _standard_labels(classes: Mapping[str, list[str]]) -> list[str]:
    single = {label: names[0] for label, names in classes.items() if len(names) == 1}
    return [
        label for label, name in single.items() if label in _VALID and _VALID[label].fullmatch(name)
    ]


def media_numbers(event: EventPrediction) -> list[int]:
    """Return the number of each photo's file among those of the event, from 1: frames share one."""
    of_clip: dict[str, int] = {}
    numbers: list[int] = []
    last = 0
    for photo in event.images:
        frame = split_frame_path(photo.path)
        number = of_clip.get(frame.clip, last + 1) if frame else last + 1
        last = max(last, number)
        if frame:
            of_clip[frame.clip] = number
        numbers.append(number)
    return numbers


def _media_type(path: str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix in CLIP_SUFFIXES:
        return _VIDEO_TYPES.get(suffix, "video/mp4")
    known = f"image/{suffix[1:]}" if suffix in IMAGE_SUFFIXES else "image/unknown"
    return _MEDIA_TYPES.get(suffix, known)

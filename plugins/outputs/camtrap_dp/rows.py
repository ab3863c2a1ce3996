"""Rows of an event in the Camtrap DP tables media and observations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ctc.artifacts.observation_types import OF_INDIVIDUALS, ObservationType, observation_type
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
from ctc.images.clips.names import file_of, split_frame_path
from ctc.storage.paths import relative_path

from .deployments import format_datetime
from .media import CamtrapDpRow, Medium, event_media, media_numbers, media_row

_FRACTION = re.compile(r"\.\d+(?=Z|[+-])")
"""Of a second, which the standard's times don't have."""
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
        self, event: EventPrediction, deployment: str, media: Iterable[Medium]
    ) -> Iterator[CamtrapDpRow]:
        """Yield a row per photo and clip."""
        for medium in media:
            yield {
                "mediaID": self._media_id(event, medium.number),
                "deploymentID": deployment,
                **media_row(medium, event, self.root),
            }

    def observation_rows(
        self, event: EventPrediction, deployment: str, moments: list[datetime | None]
    ) -> Iterator[CamtrapDpRow]:
        """Yield the observation rows of the event, then those of each photo.

        There are several, one per class, where a multi-label label has several classes. `moments`:
        the times of photos and frames; the event begins with a photo, or the start of a clip.
        """
        known = [moment for moment in moments if moment]
        starts = [one.time for one in event_media(event, moments) if one.time]
        shared: CamtrapDpRow = {
            "deploymentID": deployment,
            "eventID": self._event_id(event),
            "eventStart": format_datetime(min([*starts, *known], default=None)),
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
                **self._other_labels(event, photo, kind),
            }

    def _is_unclassified(self, event: EventPrediction) -> bool:
        """Return whether neither a person nor a machine answered the label."""
        marks = event.columns.get(self.label, {})
        return METHOD in marks and marks[METHOD] is None

    def _other_labels(
        self, event: EventPrediction, photo: ImagePrediction | None, kind: ObservationType
    ) -> CamtrapDpRow:
        """Return the other labels as columns of the standard or as tags.

        They are columns where they fit and the observation is of an animal. Those of individuals
        are left out where nothing is there.
        """
        names = {
            label: [name for name, _ in event.predicted_classes(label, photo)]
            for label in event.classes
            if label != self.label and not (kind == "blank" and label in OF_INDIVIDUALS)
        }
        own = _standard_labels(names) if kind == "animal" else []
        columns = {label: names.pop(label)[0] for label in own}
        tags = [
            f"{label}:{name}".replace("|", "/")
            for label, classes in names.items()
            for name in classes
        ]
        return {"observationTags": " | ".join(tags), **columns}


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

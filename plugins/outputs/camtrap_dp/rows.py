"""What a Camtrap DP package says of an event: rows of its tables media and observations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.images import IMAGE_SUFFIXES
from ctc.storage.paths import is_url

from ..photo_fields import relative_path
from .deployments import format_datetime

CamtrapDpRow = dict[str, object]

_FILE_PATH = re.compile(r"^(?=^[^./~])(^((?!\.{2}).)*$).*$")  # the schema's pattern
_FORBIDDEN_CHARACTERS = re.compile("[\r\n\ud800-\udfff]")
_GENERIC = ("animal", "animals")
_VALID = {
    "count": re.compile(r"[1-9]\d*"),
    "sex": re.compile("female|male"),
    "lifeStage": re.compile("adult|subadult|juvenile"),
    "behavior": re.compile("[^|]+"),
}
"""Labels that are columns of the standard, and the classes that fit there."""
_MEDIA_TYPES = {".jpg": "image/jpeg", ".tif": "image/tiff"}


@dataclass(frozen=True)
class RowBuilder:
    """`label`: the one that is the species; `model`: who says so; `created`: when; `root`: where
    paths start."""

    label: str
    model: str
    created: str
    root: Path

    def media_rows(
        self, event: EventPrediction, deployment: str, moments: list[datetime | None]
    ) -> Iterator[CamtrapDpRow]:
        """A row per photo; `moments` are theirs."""
        for number, (photo, moment) in enumerate(zip(event.images, moments, strict=True), start=1):
            yield {
                "mediaID": _media_id(event, number),
                "deploymentID": deployment,
                "timestamp": format_datetime(moment),
                "filePath": self._file_path(photo.path),
                "filePublic": "false",
                "fileName": Path(photo.path).name,
                "fileMediatype": _media_type(photo.path),
            }

    def observation_rows(
        self, event: EventPrediction, deployment: str, moments: list[datetime | None]
    ) -> Iterator[CamtrapDpRow]:
        """A row for the event, then one per photo; several, one per class, where a multi-label
        label has several."""
        known = [moment for moment in moments if moment]
        shared: CamtrapDpRow = {
            "deploymentID": deployment,
            "eventID": event.id,
            "eventStart": format_datetime(min(known, default=None)),
            "eventEnd": format_datetime(max(known, default=None)),
            "classificationMethod": "machine",
            "classifiedBy": self.model,
            "classificationTimestamp": self.created,
        }
        shared["observationLevel"] = "event"
        for answer in self._class_rows(event, f"{event.id}:event"):
            yield {**shared, **answer}
        shared["observationLevel"] = "media"
        for number, photo in enumerate(event.images, start=1):
            media_id = _media_id(event, number)
            for answer in self._class_rows(event, media_id, photo):
                yield {**shared, "mediaID": media_id, **answer}

    def _class_rows(
        self, event: EventPrediction, own_id: str, photo: ImagePrediction | None = None
    ) -> Iterator[CamtrapDpRow]:
        """One per class that is there, the first with the id `own_id`. An empty class beside others
        is passed over."""
        found = event.predicted_classes(self.label, photo)
        told = [answer for answer in found if observation_type(answer[0]) != "blank"] or found
        for number, (name, probability) in enumerate(told, start=1):
            kind = observation_type(name)
            yield {
                "observationID": own_id if number == 1 else f"{own_id}/{number}",
                "observationType": kind,
                "scientificName": name
                if kind == "animal" and name.casefold() not in _GENERIC
                else "",
                "classificationProbability": round(min(probability, 1.0), 4),
                **self._other_labels(event, photo, kind == "animal"),
            }

    def _other_labels(
        self, event: EventPrediction, photo: ImagePrediction | None, is_animal: bool
    ) -> CamtrapDpRow:
        """What the other labels say, in columns of the standard where they fit and it is of an
        animal, else as tags."""
        names = {
            label: [name for name, _ in event.predicted_classes(label, photo)]
            for label in event.classes
            if label != self.label
        }
        columns = (
            {label: names.pop(label)[0] for label in _standard_labels(names)} if is_animal else {}
        )
        tags = [
            f"{label}:{name}".replace("|", "/") for label, those in names.items() for name in those
        ]
        return {"observationTags": " | ".join(tags), **columns}

    def _file_path(self, path: str) -> str:
        """Relative as the standard wants it, else a URL: for what is not below the root, or has a
        name that the standard forbids."""
        below = relative_path(path, self.root)
        if (
            below is not None
            and _FILE_PATH.fullmatch(below)
            and not _FORBIDDEN_CHARACTERS.search(below)
        ):
            return below
        url = path if is_url(path) else Path(path).absolute().as_uri()
        return url.replace("..", "%2E%2E")


def _standard_labels(answers: Mapping[str, list[str]]) -> list[str]:
    alone = {label: names[0] for label, names in answers.items() if len(names) == 1}
    return [
        label
        for label, answer in alone.items()
        if label in _VALID and _VALID[label].fullmatch(answer)
    ]


def _media_id(event: EventPrediction, number: int) -> str:
    return f"{event.id}:{number}"


def _media_type(path: str) -> str:
    suffix = Path(path).suffix.lower()
    known = f"image/{suffix[1:]}" if suffix in IMAGE_SUFFIXES else "image/unknown"
    return _MEDIA_TYPES.get(suffix, known)

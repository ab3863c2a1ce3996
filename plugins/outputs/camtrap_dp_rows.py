"""What a Camtrap DP package says of an event: rows of its tables media and observations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ctc.artifacts.class_kinds import kind_of
from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.images import IMAGE_SUFFIXES

from .camtrap_dp_deployments import written
from .photo_places import relative

Cells = dict[str, object]

_FILE_PATH = re.compile(r"^(?=^[^./~])(^((?!\.{2}).)*$).*$")  # the schema's pattern
_NO_TEXT = re.compile("[\r\n\ud800-\udfff]")
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
class Describer:
    """`label`: the one that is the species; `model`: who says so; `said`: when; `root`: where paths start."""

    label: str
    model: str
    said: str
    root: Path

    def media(self, event: EventPrediction, deployment: str, moments: list[datetime | None]) -> Iterator[Cells]:
        """A row per photo; `moments` are theirs."""
        for number, (photo, moment) in enumerate(zip(event.images, moments, strict=True), start=1):
            yield {
                "mediaID": _media_id(event, number),
                "deploymentID": deployment,
                "timestamp": written(moment),
                "filePath": self._file_path(photo.path),
                "filePublic": "false",
                "fileName": Path(photo.path).name,
                "fileMediatype": _media_type(photo.path),
            }

    def observations(self, event: EventPrediction, deployment: str, moments: list[datetime | None]) -> Iterator[Cells]:
        """A row for the event, then one per photo."""
        known = [moment for moment in moments if moment]
        shared: Cells = {
            "deploymentID": deployment,
            "eventID": event.id,
            "eventStart": written(min(known, default=None)),
            "eventEnd": written(max(known, default=None)),
            "classificationMethod": "machine",
            "classifiedBy": self.model,
            "classificationTimestamp": self.said,
        }
        own: Cells = {"observationID": f"{event.id}:event", "observationLevel": "event"}
        yield {**shared, **own, **self._answer(event)}
        for number, photo in enumerate(event.images, start=1):
            media_id = _media_id(event, number)
            own = {"observationID": media_id, "mediaID": media_id, "observationLevel": "media"}
            yield {**shared, **own, **self._answer(event, photo)}

    def _answer(self, event: EventPrediction, photo: ImagePrediction | None = None) -> Cells:
        name, probability = event.top(self.label, photo)
        kind = kind_of(name)
        others = {label: event.top(label, photo)[0] for label in event.classes if label != self.label}
        columns = {label: others.pop(label) for label in _fitting(others)} if kind == "animal" else {}
        return {
            "observationType": kind,
            "scientificName": name if kind == "animal" and name.casefold() not in _GENERIC else "",
            "classificationProbability": round(min(probability, 1.0), 4),
            "observationTags": " | ".join(f"{label}:{other}".replace("|", "/") for label, other in others.items()),
            **columns,
        }

    def _file_path(self, path: str) -> str:
        """Relative as the standard wants it, else a URL: for what is not below the root, or has a name that the standard forbids."""
        below = relative(path, self.root)
        if below is not None and _FILE_PATH.fullmatch(below) and not _NO_TEXT.search(below):
            return below
        return Path(path).absolute().as_uri().replace("..", "%2E%2E")


def _fitting(answers: Mapping[str, str]) -> list[str]:
    return [label for label, answer in answers.items() if label in _VALID and _VALID[label].fullmatch(answer)]


def _media_id(event: EventPrediction, number: int) -> str:
    return f"{event.id}:{number}"


def _media_type(path: str) -> str:
    suffix = Path(path).suffix.lower()
    known = f"image/{suffix[1:]}" if suffix in IMAGE_SUFFIXES else "image/unknown"
    return _MEDIA_TYPES.get(suffix, known)

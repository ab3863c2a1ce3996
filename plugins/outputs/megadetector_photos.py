"""Photos in MegaDetector's batch output: the entries of `images`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import Detection
from ctc.artifacts.observation_types import ObservationType, observation_type
from ctc.artifacts.predictions import (
    BoxPrediction,
    EventPrediction,
    Failure,
    ImagePrediction,
    box_photos,
)
from ctc.images.clips.video_entries import Entry
from ctc.storage.paths import absolute_path, relative_path

from .photo_fields import file_time

CATEGORIES: Mapping[ObservationType, str] = {
    "animal": "1",
    "human": "2",
    "vehicle": "3",
    "unknown": "1",
}


@dataclass(frozen=True)
class ImageEntryBuilder:
    """Builder of the entries of `images`.

    `ids`: by class or taxon. `root`: the folder that paths are relative to. `taxa`: the rank and
    name of each taxon that a rolled-up answer may have, and its classes.
    """

    label: str
    ids: Mapping[str, str]
    root: Path
    taxa: Mapping[tuple[str, str], frozenset[str]]

    def image_entries(self, entry: EventPrediction | Failure) -> Iterator[tuple[str, Entry]]:
        """Yield the path and the entry of each photo."""
        if isinstance(entry, EventPrediction):
            for photo in entry.images:
                found = self._detections(entry, photo)
                shown = {
                    "file": self._relative_file(photo.path),
                    "detections": found,
                    **_datetime_field(photo),
                }
                yield photo.path, shown
        elif not entry.of_event:
            failed = {
                "file": self._relative_file(entry.path),
                "failure": entry.reason,
                "detections": None,
            }
            yield entry.path, failed

    def _relative_file(self, path: str) -> str:
        return relative_path(path, self.root) or absolute_path(path)

    def _detections(self, event: EventPrediction, photo: ImagePrediction) -> list[dict[str, Any]]:
        if photo.boxes is not None and not self._is_boxless(event):
            shown = zip(photo.boxes, box_photos(photo), strict=True)
            found = [self._box(event, one, answer) for one, answer in shown]
            found += [self._repeat(one) for one in photo.set_aside]
            return sorted(found, key=lambda box: -box["conf"])
        if event.is_stranger(photo):  # there may be something, but none of the model's classes
            seen = self._non_blank_classes(event, photo)
            largest = max((value for _, value in seen), default=0.0)
            return [self._detection(event, "unknown", largest, [])]
        if self.label in event.multi_label:
            return self._multi_label_detections(event, photo)
        kind = observation_type(event.top(self.label, photo)[0])
        seen = self._non_blank_classes(event, photo)
        return (
            []
            if kind == "blank"
            else [self._detection(event, kind, sum(value for _, value in seen), seen)]
        )

    def _box(
        self, event: EventPrediction, one: BoxPrediction, shown: ImagePrediction
    ) -> dict[str, Any]:
        """Return a box of the detector; `shown`: its answer as that of a photo."""
        is_animal = one.detection.type == "animal"
        seen = self._box_classes(event, shown) if is_animal else []
        classes = {"classifications": self._ranked(event, seen)} if seen else {}
        return {**self._place(one.detection), **classes}

    def _is_boxless(self, event: EventPrediction) -> bool:
        """Return whether a person saw something that no photo of the event has a box of."""
        return event.is_human(self.label) and not any(photo.boxes for photo in event.images)

    def _box_classes(
        self, event: EventPrediction, shown: ImagePrediction
    ) -> list[tuple[str, float]]:
        """Return the classes that are not empty, or the empty one that a person gave."""
        if event.is_human(self.label):
            found = event.predicted_classes(self.label)
            if {observation_type(name) for name, _ in found} == {"blank"}:
                return found
        return self._non_blank_classes(event, shown)

    def _repeat(self, one: Detection) -> dict[str, Any]:
        """Return a box that is set aside: it has no classifications."""
        return {**self._place(one), "repeat": True}

    def _place(self, one: Detection) -> dict[str, Any]:
        box = one.box
        sides = (box.x, box.y, box.width, box.height)
        return {
            "category": {"human": "2", "vehicle": "3"}.get(one.type, "1"),
            "conf": round(box.confidence or 0.0, 5),
            "bbox": [round(side, 5) for side in sides],
        }

    def _multi_label_detections(
        self, event: EventPrediction, photo: ImagePrediction
    ) -> list[dict[str, Any]]:
        found = event.present_classes(self.label, photo)
        if not found:
            seen = self._non_blank_classes(event, photo)
            largest = max((value for _, value in seen), default=0.0)
            return [self._detection(event, "unknown", largest, seen)]
        by_category: dict[str, list[tuple[str, float]]] = {}
        for name, value in found:
            if observation_type(name) != "blank":
                by_category.setdefault(CATEGORIES[observation_type(name)], []).append((name, value))
        return [
            self._detection(event, observation_type(seen[0][0]), seen[0][1], seen)
            for seen in by_category.values()
        ]

    def _non_blank_classes(
        self, event: EventPrediction, photo: ImagePrediction
    ) -> list[tuple[str, float]]:
        """Return all classes that are not empty, with their probabilities."""
        named = zip(
            event.classes[self.label], photo.probabilities[self.label].tolist(), strict=True
        )
        return [(name, value) for name, value in named if observation_type(name) != "blank"]

    def _detection(
        self,
        event: EventPrediction,
        kind: ObservationType,
        confidence: float,
        seen: list[tuple[str, float]],
    ) -> dict[str, Any]:
        return {
            "category": CATEGORIES[kind],
            "conf": min(1.0, round(confidence, 4)),
            "bbox": [0.0, 0.0, 1.0, 1.0],
            "classifications": self._ranked(event, seen),
        }

    def _ranked(self, event: EventPrediction, seen: list[tuple[str, float]]) -> list[list[Any]]:
        """Return the ids of classes and their probabilities, the most probable first; before them
        the taxon that the event is rolled up to, if the most probable class belongs to it."""
        ranked = sorted(seen, key=lambda pair: -pair[1])
        taxon = self._taxon(event)
        members = self.taxa.get(taxon, frozenset())
        is_rolled_up = bool(ranked) and ranked[0][0] in members
        if is_rolled_up:
            ranked.insert(0, (taxon[1], sum(value for name, value in seen if name in members)))
        rounded = [(self.ids[name], min(1.0, round(value, 4))) for name, value in ranked]
        if is_rolled_up and len(rounded) > 1 and rounded[0][1] == rounded[1][1]:
            del rounded[1]
        return [[number, value] for number, value in rounded if value > 0]

    def _taxon(self, event: EventPrediction) -> tuple[str, str]:
        """Return the rank and name of the event's answer, both '' where it is not rolled up."""
        rank = event.columns.get(self.label, {}).get("rank")
        return (str(rank), event.top(self.label)[0]) if rank else ("", "")


def _datetime_field(photo: ImagePrediction) -> dict[str, str]:
    """Return the time in the format's style, which is that of EXIF; of a clip, its start."""
    taken = None if photo.taken is None else datetime.fromisoformat(photo.taken)
    moment = file_time(photo, taken)
    return {} if moment is None else {"datetime": f"{moment:%Y:%m:%d %H:%M:%S}"}

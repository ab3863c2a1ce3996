"""MegaDetector's batch output 1.6, which Timelapse opens.

Format: https://lila.science/megadetector-output-format

A photo whose most probable class is an empty one (`blank`, `empty`, …) has no detections. Any other
has one, around the whole photo: its `conf` is the probability that the photo is not empty, its
category that of the most probable class, and its `classifications` are the classes that are not
empty, down to a probability of 0.0001.

A photo of a run with a detector (`ctc predict --detector`) has its boxes, the surest first: `conf`
and `bbox` are the detector's, and the `classifications` those of the animal in the box. One that
`--repeats` set aside has a `repeat`, true, and no `classifications`.

Where `ctc predict --roll-up` answers an event with a taxon, its photos or boxes whose most probable
class belongs to it have the taxon as the first of their `classifications`, with the sum of the
classes. All taxa that may be answered are among the `classification_categories`.

Answers of people (`ctc review export`) are `classifications` with probability 1. A box in which a
person saw nothing stays, with their empty class; a photo of an event with something, but no box in
any of its photos, has a detection around the whole photo.

Timelapse keeps the class with the highest probability of each detection, of equal ones the last. So
a class that has all of its taxon's probability is left out. It takes a file for one of AddaxAI, and
warns, if the class with the id 0 has the name of a category: another is first, if there is any.

The frames of a clip are one entry, see `ctc.images.clips.video_entries`.

For a multi-label label a photo has a detection for each category that is present: its
`classifications` are the present classes of that category, its `conf` the highest of their
probabilities. Where no class is present, not even an empty one, it has one detection of category
`animal` with all classes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
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
from ctc.artifacts.taxonomy import (
    RANKS,
    Taxonomy,
    animal_lineages,
    lineages,
    speciesnet_label,
    taxa_by_name,
)
from ctc.images.clips.video_entries import Entry, unite_frames
from ctc.plugin import OutputContext, OutputFormat, hookimpl
from ctc.storage.paths import absolute_path, relative_path

from .label_option import LABEL, selected_label

CATEGORIES: Mapping[ObservationType, str] = {
    "animal": "1",
    "human": "2",
    "vehicle": "3",
    "unknown": "1",
}
CATEGORY_NAMES = {"1": "animal", "2": "person", "3": "vehicle"}
NO_DETECTOR = "none (whole photos)"


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    summary = "MegaDetector's batch output 1.6, which Timelapse opens"
    return [OutputFormat("megadetector", summary, (".megadetector.json",), write, options=(LABEL,))]


def write(entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext) -> None:
    """Write photo by photo, in the order of the input.

    Raises UsageError for a label that the model doesn't have.
    """
    label = selected_label(context)
    classes = sorted(context.labels[label], key=lambda name: name in CATEGORY_NAMES.values())
    ids = {name: str(number) for number, name in enumerate(classes)}
    taxa = _rolled_up_taxa(label, context)
    for number, (_, name) in enumerate(taxa, len(ids)):
        ids.setdefault(name, str(number))
    describe = _ImageEntryBuilder(label, ids, context.image_root, taxa)
    # backslashreplace: what is not Unicode in a file name becomes a JSON escape
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        head = json.dumps(_header(label, context, ids), ensure_ascii=False, indent=1)
        file.write(f'{head.removesuffix("}").rstrip()},\n "images": [')
        found = chain.from_iterable(map(describe.image_entries, entries))
        for number, photo in enumerate(unite_frames(found)):
            entry = json.dumps(photo, ensure_ascii=False, allow_nan=False)
            file.write(f"{',' if number else ''}\n  {entry}")
        file.write("\n ]\n}\n")


def _header(label: str, context: OutputContext, ids: Mapping[str, str]) -> dict[str, Any]:
    time = f"{context.created:%Y-%m-%d %H:%M:%S}"
    return {
        "info": {
            "format_version": "1.6",
            "detector": context.settings.get("detector", NO_DETECTOR),
            "detection_completion_time": time,
            "classifier": context.model,
            "classification_completion_time": time,
            **({"classifier_metadata": {"notes": list(context.notes)}} if context.notes else {}),
        },
        "detection_categories": CATEGORY_NAMES,
        "classification_categories": {number: name for name, number in ids.items()},
        **_descriptions(label, context, ids),
    }


def _descriptions(label: str, context: OutputContext, ids: Mapping[str, str]) -> dict[str, Any]:
    """Return SpeciesNet's text of each category, where the model has a taxonomy: seven fields, the
    first, an id, empty."""
    taxonomy = context.settings.get("taxonomy", {}).get(label)
    if not taxonomy:
        return {}
    known = {name: one.lineage for name, one in taxa_by_name(taxonomy).items()}
    known |= lineages(taxonomy)
    described = {
        number: speciesnet_label(known.get(name, {}), name) for name, number in ids.items()
    }
    return {"classification_category_descriptions": described}


def _rolled_up_taxa(label: str, context: OutputContext) -> Mapping[tuple[str, str], frozenset[str]]:
    """Return the taxa, by rank and name, that a rolled-up answer may have, and their classes."""
    settings = context.settings.get("decisions", {}).get("ranks", {}).get(label, {})
    taxonomy: Taxonomy = settings.get("taxonomy", {})
    limits = settings.get("ranks", {})
    found: dict[tuple[str, str], set[str]] = {}
    known = animal_lineages(taxonomy)
    for rank in reversed(RANKS):
        for name in context.labels[label] if limits.get(rank) is not None else ():
            if taxon := known.get(name, {}).get(rank):
                found.setdefault((rank, taxon), set()).add(name)
    return {taxon: frozenset(classes) for taxon, classes in found.items()}


@dataclass(frozen=True)
class _ImageEntryBuilder:
    """Builder of the entries of `images`; `ids` by class or taxon; paths are relative to `root`;
    `taxa`: see `_rolled_up_taxa`."""

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
                    **_datetime_field(photo.taken),
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


def _datetime_field(taken: str | None) -> dict[str, str]:
    """Return the time in the format's style, which is that of EXIF."""
    return (
        {} if taken is None else {"datetime": f"{datetime.fromisoformat(taken):%Y:%m:%d %H:%M:%S}"}
    )

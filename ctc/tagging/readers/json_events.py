"""Predictions of `ctc predict` as JSON: every event with its photos and their boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import Box, LabelledBox
from ctc.artifacts.predictions import HUMAN, METHOD
from ctc.errors import InputError, describe_damage
from ctc.evaluation.answers.prediction_file import json_events
from ctc.tagging.readers.tables import lineage_names
from ctc.tagging.records import Answer, Finding


def read_json(path: Path) -> Iterator[Finding]:
    """Yield every photo with the answers of its event.

    Raises InputError if the file is not as `ctc predict` writes it.
    """
    for event_id, entry in json_events(path):
        try:
            answers = tuple(_answers(entry))
            photos = [
                (str(photo["path"]), tuple(map(_box, photo.get("boxes", ()))))
                for photo in entry["images"]
            ]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(
                f"event '{event_id}' is not as `ctc predict` writes it: {describe_damage(error)}"
            ) from None
        for photo, boxes in photos:
            yield Finding(photo, answers, boxes)


def _answers(entry: Mapping[str, Any]) -> Iterator[Answer]:
    for label, top in entry["predictions_top"].items():
        by_person = entry.get(METHOD, {}).get(label) == HUMAN
        lineage = lineage_names(entry.get("lineage", {}).get(label))
        present = entry.get("predictions_present", {}).get(label)
        values = entry["aggregated_pred"].get(label, {})
        if not present:
            confidence = float(entry["confidences_top"][label])
            yield Answer(label, str(top), confidence, lineage, by_person)
        for name in present or ():
            own = lineage if name == top else ()
            yield Answer(label, str(name), float(values.get(name, 1.0)), own, by_person)


def _box(entry: Mapping[str, Any]) -> LabelledBox:
    left, top, width, height = map(float, entry["bbox"])
    box = Box(left, top, width, height, confidence=float(entry["confidence"]))
    labels = {
        label: max(values, key=values.__getitem__)
        for label, values in entry["predictions"].items()
        if values
    }
    return LabelledBox(box, str(entry["category"]), labels)

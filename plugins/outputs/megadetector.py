"""MegaDetector's batch output 1.6, which Timelapse opens: https://lila.science/megadetector-output-format

A photo whose most probable class is an empty one (`blank`, `empty`, …) has no detections. Any other has one, around the whole photo: its
`conf` is the probability that the photo is not empty, its category what the most probable class stands for, and its
`classifications` are the classes that are not empty, down to a probability of 0.0001.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from ctc.artifacts.class_kinds import Kind, kind_of
from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.plugin import OutputContext, OutputFormat, hookimpl

from .label_choice import LABEL, chosen_label
from .photo_places import absolute, relative

CATEGORIES: Mapping[Kind, str] = {"animal": "1", "human": "2", "vehicle": "3", "unknown": "1"}
NO_DETECTOR = "none (whole photos)"


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    summary = "MegaDetector's batch output 1.6, which Timelapse opens"
    return [OutputFormat("megadetector", summary, (".megadetector.json",), write, options=(LABEL,))]


def write(entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext) -> None:
    """Photo by photo, in the order of the input. Raises UsageError for a label that the model doesn't have."""
    label = chosen_label(context)
    ids = {name: str(number) for number, name in enumerate(context.labels[label])}
    describe = _Describer(label, ids, context.image_root)
    # backslashreplace: what is not Unicode in a file name becomes a JSON escape
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        head = json.dumps(_head(context, ids), ensure_ascii=False, indent=1)
        file.write(f'{head.removesuffix("}").rstrip()},\n "images": [')
        for number, photo in enumerate(chain.from_iterable(map(describe.photos, entries))):
            file.write(f"{',' if number else ''}\n  {json.dumps(photo, ensure_ascii=False, allow_nan=False)}")
        file.write("\n ]\n}\n")


def _head(context: OutputContext, ids: Mapping[str, str]) -> dict[str, Any]:
    time = f"{context.created:%Y-%m-%d %H:%M:%S}"
    return {
        "info": {
            "format_version": "1.6",
            "detector": NO_DETECTOR,
            "detection_completion_time": time,
            "classifier": context.model,
            "classification_completion_time": time,
            **({"classifier_metadata": {"notes": list(context.notes)}} if context.notes else {}),
        },
        "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
        "classification_categories": {number: name for name, number in ids.items()},
    }


@dataclass(frozen=True)
class _Describer:
    """`ids` by class; `root`: where paths start."""

    label: str
    ids: Mapping[str, str]
    root: Path

    def photos(self, entry: EventPrediction | Failure) -> Iterator[dict[str, Any]]:
        if isinstance(entry, EventPrediction):
            for photo in entry.images:
                found = self._detections(entry, photo)
                yield {"file": self._file(photo.path), "detections": found, **_time(photo.taken)}
        elif not entry.of_event:
            yield {"file": self._file(entry.path), "failure": entry.reason, "detections": None}

    def _file(self, path: str) -> str:
        return relative(path, self.root) or absolute(path)

    def _detections(self, event: EventPrediction, photo: ImagePrediction) -> list[dict[str, Any]]:
        kind = kind_of(event.top(self.label, photo)[0])
        if kind == "blank":
            return []
        named = zip(event.classes[self.label], photo.probabilities[self.label].tolist(), strict=True)
        seen = [(self.ids[name], value) for name, value in named if kind_of(name) != "blank"]
        ranked = sorted(((number, round(value, 4)) for number, value in seen), key=lambda pair: -pair[1])
        return [
            {
                "category": CATEGORIES[kind],
                "conf": min(1.0, round(sum(value for _, value in seen), 4)),
                "bbox": [0.0, 0.0, 1.0, 1.0],
                "classifications": [[number, value] for number, value in ranked if value > 0],
            }
        ]


def _time(taken: str | None) -> dict[str, str]:
    """As the format has it, which is as EXIF has it."""
    return {} if taken is None else {"datetime": f"{datetime.fromisoformat(taken):%Y:%m:%d %H:%M:%S}"}

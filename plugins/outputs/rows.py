"""Rows of a prediction table for any file type: one per event and label, or per photo and label.

column                                   content
id, label, prediction_top,
  confidence_top, predictions_all        as in camera-trap-classifier 2.x
predictions_present                      present classes of a multi-label label, if any
path                                     of the photo, in a table of photos
datetime, camera, latitude, longitude    always; see `photo_fields`
…                                        the other meta columns, in their order
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.plugin import Option

from .photo_fields import PHOTO_FIELDS, FieldValue, photo_fields

COLUMNS = ("id", "label", "prediction_top", "confidence_top", "predictions_all")
PRESENT = "predictions_present"
PATH = "path"
PER_PHOTO = Option(
    "per-photo", "One row per photo and label instead of event and label.", "flag", default=False
)


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One row.

    `probabilities` by class. `present`: the present classes of a multi-label label, None for
    another label. `path`: None in a table of events. `photo_fields`: in the order of PHOTO_FIELDS.
    `meta`: the values of the other columns.
    """

    id: str
    label: str
    top: str
    confidence: float
    probabilities: Mapping[str, float]
    present: tuple[str, ...] | None
    path: str | None
    photo_fields: tuple[FieldValue, ...]
    meta: tuple[FieldValue, ...]


@dataclass(frozen=True)
class PredictionTable:
    """Rows of all events.

    `meta` holds the names of the other meta columns, as events name them. `has_multi_label` tells
    whether the model has a multi-label label.
    """

    events: Iterator[EventPrediction]
    meta: tuple[str, ...]
    per_photo: bool
    has_multi_label: bool

    @property
    def columns(self) -> list[str]:
        """Column names; a meta column with the name of a fixed column gets the prefix `meta_`."""
        names = [
            *COLUMNS,
            *[PRESENT] * self.has_multi_label,
            *[PATH] * self.per_photo,
            *PHOTO_FIELDS,
        ]
        for name in self.meta:
            while name in names:
                name = f"meta_{name}"
            names.append(name)
        return names

    def rows(self) -> Iterator[PredictionRow]:
        """Yield the rows; raises ValueError when an event has other meta columns than the first."""
        for event in self.events:
            meta = tuple(value for name, value in event.meta.items() if name not in PHOTO_FIELDS)
            if tuple(name for name in event.meta if name not in PHOTO_FIELDS) != self.meta:
                raise ValueError(
                    f"event '{event.id}' has the meta columns {tuple(event.meta)}, "
                    f"the first event has {self.meta}"
                )
            for photo in event.images if self.per_photo else (None,):
                yield from _rows(event, photo, meta)


def build_table(entries: Iterable[EventPrediction | Failure], per_photo: bool) -> PredictionTable:
    """Return the table; the first event decides the columns, failures are skipped."""
    events = (entry for entry in entries if isinstance(entry, EventPrediction))
    first = next(events, None)
    meta = tuple(name for name in first.meta if name not in PHOTO_FIELDS) if first else ()
    return PredictionTable(
        chain([first] if first else [], events), meta, per_photo, bool(first and first.multi_label)
    )


def _rows(
    event: EventPrediction, photo: ImagePrediction | None, meta: tuple[FieldValue, ...]
) -> Iterator[PredictionRow]:
    fields = tuple(photo_fields(event, photo).values())
    for label, classes in event.classes.items():
        values = (photo or event).probabilities[label].tolist()
        named = dict(zip(classes, values, strict=True))
        is_multi_label = label in event.multi_label
        present = (
            tuple(name for name, _ in event.present_classes(label, photo))
            if is_multi_label
            else None
        )
        path = photo.path if photo else None
        yield PredictionRow(
            event.id, label, *event.top(label, photo), named, present, path, fields, meta
        )

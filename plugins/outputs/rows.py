"""Rows of a prediction table for any file type: one per event and label, or per photo and label.

column                                   content
id, label, prediction_top,
  confidence_top, predictions_all        as in camera-trap-classifier 2.x
predictions_present                      present classes of a multi-label label, if any
unknown_reason, strangeness              why a class is unknown, and how far the event or photo is
                                         from all that was learnt; of models that tell
the columns of decisions                 see docs/prediction-files.md; of the event in all its rows
path                                     of the photo, in a table of photos or boxes
box_category, box_confidence, box_x,
  box_y, box_width, box_height           of the box, in a table of boxes; fractions of the photo
datetime, camera, latitude, longitude    always; see `photo_fields`
…                                        the other meta columns, in their order
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.cameras.clock_offsets import DATETIME_ORIGINAL
from ctc.artifacts.predictions import (
    DECISION_COLUMNS,
    ColumnValue,
    EventPrediction,
    Failure,
    ImagePrediction,
    box_photos,
)
from ctc.errors import UsageError
from ctc.plugin import Option

from .photo_fields import PHOTO_FIELDS, FieldValue, photo_fields

COLUMNS = ("id", "label", "prediction_top", "confidence_top", "predictions_all")
PRESENT = "predictions_present"
UNKNOWN_REASON, STRANGENESS = "unknown_reason", "strangeness"
PATH = "path"
PER_PHOTO = Option(
    "per-photo", "One row per photo and label instead of event and label.", "flag", default=False
)

PER_BOX = Option(
    "per-box",
    "One row per box of --detector and label instead of event and label; a photo without a box has "
    "one row.",
    "flag",
    default=False,
)
BOX = ("box_category", "box_confidence", "box_x", "box_y", "box_width", "box_height")
"""Columns of a table of boxes; the category is the detector's."""

DIGITS = 6
"""Significant digits of the probabilities of all classes in text: fewer make ties of rare classes,
which changes what `ctc evaluate` finds of them."""

MAX_CLASSES = Option(
    "max-classes",
    "Write only the N most likely classes of each label, which keeps files of models with many "
    "classes small; `ctc evaluate` needs all of them.  [default: all]",
    "integer",
    "N",
    minimum=1,
)


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One row.

    `probabilities` by class, of the most likely ones if the table has a limit. `present`: the
    present classes of a multi-label label, None for another label. `unknown_reason`,
    `strangeness`: None if the class is known, or the model doesn't tell. `decided`: the values of
    the columns of decisions. `path`: None in a table of
    events. `photo_fields`: in the order of PHOTO_FIELDS. `meta`: the values of the other columns.
    """

    id: str
    label: str
    top: str
    confidence: float
    probabilities: Mapping[str, float]
    present: tuple[str, ...] | None
    unknown_reason: str | None
    strangeness: float | None
    decided: tuple[ColumnValue, ...]
    path: str | None
    box: tuple[FieldValue, ...] | None
    photo_fields: tuple[FieldValue, ...]
    meta: tuple[FieldValue, ...]


@dataclass(frozen=True)
class PredictionTable:
    """Rows of all events.

    `meta` holds the names of the other meta columns, as events name them. `has_multi_label` tells
    whether the model has a multi-label label, `has_strangers` whether it tells what is unlike
    anything learnt. `decided`: the columns of decisions. `max_classes`: see MAX_CLASSES; None for
    all.
    """

    events: Iterator[EventPrediction]
    meta: tuple[str, ...]
    per_photo: bool
    per_box: bool
    has_multi_label: bool
    has_strangers: bool
    decided: tuple[str, ...] = ()
    max_classes: int | None = None

    @property
    def columns(self) -> list[str]:
        """Column names; a meta column with the name of a fixed column gets the prefix `meta_`."""
        names = [
            *COLUMNS,
            *[PRESENT] * self.has_multi_label,
            *[UNKNOWN_REASON, STRANGENESS] * self.has_strangers,
            *self.decided,
            *[PATH] * (self.per_photo or self.per_box),
            *(BOX if self.per_box else ()),
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
            for photo in self._shown(event):
                yield from _rows(event, photo, self._own_meta(photo, meta), self)

    def _own_meta(
        self, photo: ImagePrediction | None, meta: tuple[FieldValue, ...]
    ) -> tuple[FieldValue, ...]:
        """Return the event's values, with the photo's own time of the camera's clock."""
        if photo is None or DATETIME_ORIGINAL not in self.meta:
            return meta
        at = self.meta.index(DATETIME_ORIGINAL)
        return (*meta[:at], photo.meta.get(DATETIME_ORIGINAL), *meta[at + 1 :])

    def _shown(self, event: EventPrediction) -> Iterator[ImagePrediction | None]:
        """Yield what gets rows: the event itself as None, its photos, or their boxes."""
        if self.per_box:
            for photo in event.images:
                yield from box_photos(photo) or (photo,)
        elif self.per_photo:
            yield from event.images
        else:
            yield None


def build_table(
    entries: Iterable[EventPrediction | Failure], options: Mapping[str, Any]
) -> PredictionTable:
    """Return the table; the first event decides the columns, failures are skipped.

    `options`: the values of PER_PHOTO, PER_BOX and MAX_CLASSES by key. Raises UsageError for
    PER_BOX without a detector.
    """
    per_box = options.get(PER_BOX.key, False)
    if per_box and options[PER_PHOTO.key]:
        raise UsageError("--per-photo and --per-box exclude each other: leave one of them out")
    events = (entry for entry in entries if isinstance(entry, EventPrediction))
    first = next(events, None)
    if per_box and first and first.images[0].boxes is None:
        raise UsageError("--per-box needs boxes: predict with --detector")
    meta = tuple(name for name in first.meta if name not in PHOTO_FIELDS) if first else ()
    return PredictionTable(
        chain([first] if first else [], events),
        meta,
        options[PER_PHOTO.key],
        per_box,
        bool(first and first.multi_label),
        bool(first and first.strangeness is not None),
        _decided_columns(first) if first else (),
        options.get(MAX_CLASSES.key),
    )


def _decided_columns(event: EventPrediction) -> tuple[str, ...]:
    """Return the columns of decisions that a label has, in the order of DECISION_COLUMNS."""
    present = {name for found in event.columns.values() for name in found}
    return tuple(name for name in DECISION_COLUMNS if name in present)


def most_likely(
    classes: Sequence[str], values: NDArray[np.float32], limit: int | None
) -> dict[str, float]:
    """Return the probabilities by class: all in their order, or the `limit` best, best first."""
    if limit is None or limit >= len(classes):
        return dict(zip(classes, values.tolist(), strict=True))
    best = np.argsort(-values, kind="stable")[:limit].tolist()
    return {classes[index]: float(values[index]) for index in best}


def _rows(
    event: EventPrediction,
    photo: ImagePrediction | None,
    meta: tuple[FieldValue, ...],
    table: PredictionTable,
) -> Iterator[PredictionRow]:
    fields = tuple(photo_fields(event, photo).values())
    for label, classes in event.classes.items():
        named = most_likely(classes, (photo or event).probabilities[label], table.max_classes)
        is_multi_label = label in event.multi_label
        present = (
            tuple(name for name, _ in event.present_classes(label, photo))
            if is_multi_label
            else None
        )
        path = photo.path if photo else None
        yield PredictionRow(
            event.id,
            label,
            *event.top(label, photo),
            named,
            present,
            event.unknown_reason(label, photo),
            (photo or event).strangeness,
            tuple(event.columns.get(label, {}).get(name) for name in table.decided),
            path,
            _box_cells(photo) if table.per_box and photo else None,
            fields,
            meta,
        )


def _box_cells(photo: ImagePrediction) -> tuple[FieldValue, ...]:
    """Return the cells of BOX, all empty for a photo without a box."""
    if not photo.boxes:
        return (None,) * len(BOX)
    detection = photo.boxes[0].detection
    box = detection.box
    return detection.category, box.confidence, box.x, box.y, box.width, box.height

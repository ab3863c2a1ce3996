"""Predictions of a model for photos and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.label_schema import LabelSchema
from ctc.artifacts.model.pooling import Attention
from ctc.storage.urls import redact_urls

UNKNOWN = "unknown"
"""The predicted class when no class reaches its threshold."""

UNLIKE_ANYTHING = "unlike anything learnt"
BELOW_THRESHOLD = "below the threshold"
"""Why a class is UNKNOWN."""

PRESENCE_THRESHOLD = 0.5
"""Default threshold of the classes of a multi-label label."""

ColumnValue = str | float | bool | tuple[str, ...] | None
"""A value of a further column of a decision."""

METHOD = "classification_method"
HUMAN, MACHINE = "human", "machine"
"""Values of METHOD."""
CLASSIFIED_BY, CLASSIFIED_AT = "classified_by", "classification_timestamp"

DECISION_COLUMNS: Mapping[str, type] = {
    "before_prior": str,
    "before_geofence": str,
    "rank": str,
    "scientific_name": str,
    "common_name": str,
    "taxon_id": str,
    "lineage": str,
    "prediction_set": tuple,
    "dropped": bool,
    METHOD: str,
    CLASSIFIED_BY: str,
    CLASSIFIED_AT: str,
}
"""The columns of decisions, in their order, and the types of their values; see
`ctc/inference/decisions`. A tuple is one of classes. The last three are those of predictions with
answers of people, see `ctc/review/export`: HUMAN or MACHINE; who, several separated by ` | `; when,
UTC as ISO 8601."""

Meta = Mapping[str, str | int | float | None]
"""Values of further columns, by name."""

Probabilities = Mapping[str, NDArray[np.float32]]
"""Per label a float32 array (classes,), in the order of the model's classes, values 0–1."""


@dataclass(frozen=True, slots=True)
class BoxPrediction:
    """Prediction of one box that a detector found in a photo.

    `probabilities`: as those of a photo. A box of a person or vehicle has the probability 1 of that
    class, by the detector's word.
    """

    detection: Detection
    probabilities: Probabilities


@dataclass(frozen=True, slots=True)
class ImagePrediction:
    """Prediction of one photo, with its EXIF data.

    `taken`: ISO 8601 without time zone, which cameras do not record. `camera`: make and model.
    `latitude`, `longitude`: degrees, both or neither. `meta`: the further columns of the photo's
    own row, which may differ from those of its event. `box`: where the detector saw something,
    None if that is not known. `size`: upright (height, width) in pixels, None if not known.
    `strangeness`: how far it is from all that was learnt, None if the model doesn't tell.
    `boxes`: those that a detector found in this run, the surest first, with a prediction for each;
    None for a photo that was predicted as a whole. `set_aside`: boxes that are repeats, which have
    no prediction. `whole`: the classifier's own answer for the whole photo beside those boxes, None
    if it was not asked. `attention`: how much the photo counts in its event, None if the model
    did not learn that or was not asked.
    """

    path: str
    probabilities: Probabilities
    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    meta: Meta = field(default_factory=dict, kw_only=True)
    box: Box | None = field(default=None, kw_only=True)
    size: tuple[int, int] | None = field(default=None, kw_only=True)
    strangeness: float | None = field(default=None, kw_only=True)
    boxes: tuple[BoxPrediction, ...] | None = field(default=None, kw_only=True)
    set_aside: tuple[Detection, ...] = field(default=(), kw_only=True)
    whole: Probabilities | None = field(default=None, kw_only=True)
    attention: Attention | None = field(default=None, kw_only=True)


def box_photos(photo: ImagePrediction) -> tuple[ImagePrediction, ...]:
    """Return a prediction for each box of a photo as if it were a photo, `box` set, the surest
    first."""
    return tuple(
        replace(photo, probabilities=one.probabilities, box=one.detection.box, boxes=(one,))
        for one in photo.boxes or ()
    )


@dataclass(frozen=True, slots=True)
class EventPrediction:
    """Prediction of one event: the aggregate over its photos, and the photos themselves.

    `classes`: per label its classes, in the order of the probabilities. `thresholds`: per label
    that has any, the lowest probability at which each class is predicted (None: never), for the
    event; `photo_thresholds`: the same for its photos, for labels where they are others.
    `strangeness`: the mean of the photos', None if the model doesn't tell or wasn't asked;
    `stranger_threshold`: above which the event is unlike anything learnt, and all is UNKNOWN.
    `multi_label`: the labels that may have several classes at once, whose probabilities don't sum
    to 1. `decided`: per label whose answer a decision changed, the answer for the event and its
    probability, in place of the most probable class. `columns`: per label the further columns of
    decisions, such as the rank of the answer; all events of a run have the same. `left`: per label
    whose probabilities were scaled after some classes were ruled out, what the others had before.
    """

    id: str
    classes: Mapping[str, tuple[str, ...]]
    probabilities: Probabilities
    images: tuple[ImagePrediction, ...]
    meta: Meta = field(default_factory=dict)
    thresholds: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    multi_label: tuple[str, ...] = ()
    strangeness: float | None = field(default=None, kw_only=True)
    stranger_threshold: float | None = field(default=None, kw_only=True)
    decided: Mapping[str, tuple[str, float]] = field(default_factory=dict, kw_only=True)
    columns: Mapping[str, Mapping[str, ColumnValue]] = field(default_factory=dict, kw_only=True)
    left: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    photo_thresholds: Mapping[str, tuple[float | None, ...]] = field(
        default_factory=dict, kw_only=True
    )

    @classmethod
    def from_schema(
        cls,
        schema: LabelSchema,
        event_id: str,
        probabilities: Probabilities,
        images: tuple[ImagePrediction, ...],
        meta: Meta,
    ) -> EventPrediction:
        """Return the prediction of one event of a run with that schema."""
        known = [photo.strangeness for photo in images if photo.strangeness is not None]
        told = schema.stranger_threshold is not None and known
        return cls(
            event_id,
            schema.labels,
            probabilities,
            images,
            meta,
            {**schema.thresholds, **(schema.photo_thresholds if len(images) == 1 else {})},
            schema.multi_label,
            strangeness=float(np.mean(known)) if told else None,
            stranger_threshold=schema.stranger_threshold if told else None,
            photo_thresholds=schema.photo_thresholds,
        )

    def limits(
        self, label: str, photo: ImagePrediction | None = None
    ) -> tuple[float | None, ...] | None:
        """Return the thresholds of the event, or those of one of its photos; None without any."""
        found = self.thresholds.get(label)
        return found if photo is None else self.photo_thresholds.get(label, found)

    def is_stranger(self, photo: ImagePrediction | None = None) -> bool:
        """Return whether the event, or one of its photos, is unlike anything learnt."""
        strangeness = (photo or self).strangeness
        limit = self.stranger_threshold
        return limit is not None and strangeness is not None and strangeness > limit

    def unknown_reason(self, label: str, photo: ImagePrediction | None = None) -> str | None:
        """Return why `top` is UNKNOWN: UNLIKE_ANYTHING or BELOW_THRESHOLD; None if it is not."""
        if self.is_stranger(photo):
            return UNLIKE_ANYTHING
        return BELOW_THRESHOLD if self.top(label, photo)[0] == UNKNOWN else None

    def is_human(self, label: str) -> bool:
        """Return whether the answer of a label is that of a person."""
        return self.columns.get(label, {}).get(METHOD) == HUMAN

    def top(self, label: str, photo: ImagePrediction | None = None) -> tuple[str, float]:
        """Return the most probable class of `label` and its probability, the first one on a tie.

        `photo`: one of the event's photos, by default the whole event. If the probability is below
        the class's threshold or 0, or the event or photo unlike anything learnt, the class is
        UNKNOWN.
        What was decided about the event comes first. For a multi-label label it is the first of
        `present_classes`, or UNKNOWN with the highest probability.
        """
        if photo is None and label in self.decided:
            return self.decided[label]
        if label in self.multi_label:
            return next(
                iter(self.present_classes(label, photo)),
                (UNKNOWN, float((photo or self).probabilities[label].max())),
            )
        values = (photo or self).probabilities[label]
        best = int(np.argmax(values))
        limits = self.limits(label, photo)
        lowest = limits[best] if limits else 0.0
        believed = lowest is not None and values[best] >= np.float32(lowest)
        believed = believed and values[best] > 0 and not self.is_stranger(photo)
        return self.classes[label][best] if believed else UNKNOWN, float(values[best])

    def with_columns(
        self,
        label: str,
        columns: Mapping[str, ColumnValue],
        decided: tuple[str, float] | None = None,
    ) -> EventPrediction:
        """Return the event with further columns of a label, and with another answer if given."""
        known = {**self.columns, label: {**self.columns.get(label, {}), **columns}}
        answers = self.decided if decided is None else {**self.decided, label: decided}
        return replace(self, columns=known, decided=answers)

    def present_classes(
        self, label: str, photo: ImagePrediction | None = None
    ) -> list[tuple[str, float]]:
        """Return the classes of the multi-label `label` that reach their thresholds.

        Each comes with its probability, the most probable class first. The threshold is
        PRESENCE_THRESHOLD for a label without any. `photo`: one of the event's photos, by default
        the whole event. There is none in what is unlike anything learnt.
        """
        if self.is_stranger(photo):
            return []
        classes, values = self.classes[label], (photo or self).probabilities[label]
        lowest = self.limits(label, photo) or (PRESENCE_THRESHOLD,) * len(classes)
        order = np.argsort(-values, kind="stable").tolist()
        reached = ((place, lowest[place]) for place in order)
        return [
            (classes[place], float(values[place]))
            for place, limit in reached
            if limit is not None and values[place] >= np.float32(limit)
        ]

    def predicted_classes(
        self, label: str, photo: ImagePrediction | None = None
    ) -> list[tuple[str, float]]:
        """Return the classes to report for `label`: all `present_classes`, or else `top` alone."""
        found = self.present_classes(label, photo) if label in self.multi_label else []
        return found or [self.top(label, photo)]


@dataclass(frozen=True, slots=True)
class Failure:
    """A photo that could not be used, or an event without photos, whose id is then the `path`.

    `event_id`: the event that the photo belongs to; '' if that is not known. `meta`: see
    `ImagePrediction`.
    """

    path: str
    reason: str
    of_event: bool = False
    event_id: str = ""
    meta: Meta = field(default_factory=dict, kw_only=True)


class _Photo(Protocol):
    @property
    def path(self) -> str: ...
    @property
    def meta(self) -> Meta: ...


class _Event(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def images(self) -> Sequence[_Photo]: ...
    @property
    def meta(self) -> Meta: ...


EventT = TypeVar("EventT", bound=_Event)
RecordT = TypeVar("RecordT")


def redacted(entry: EventT | Failure) -> EventT | Failure:
    """Return the entry without the secrets of URLs in its id, paths and meta values.

    An entry without any is returned unchanged. Events and their photos are dataclasses, as
    EventPrediction.
    """
    if isinstance(entry, Failure):
        if not _has_url(entry.path, entry.reason, entry.event_id, *entry.meta.values()):
            return entry
        path, why, event_id = map(redact_urls, (entry.path, entry.reason, entry.event_id))
        meta = _redact_meta(entry.meta)
        return replace(entry, path=path, reason=why, event_id=event_id, meta=meta)
    photos = [text for photo in entry.images for text in (photo.path, *photo.meta.values())]
    if not _has_url(entry.id, *photos, *entry.meta.values()):
        return entry
    images = tuple(
        _replaced(photo, path=redact_urls(photo.path), meta=_redact_meta(photo.meta))
        for photo in entry.images
    )
    return _replaced(entry, id=redact_urls(entry.id), images=images, meta=_redact_meta(entry.meta))


def _replaced(record: RecordT, **changes: Any) -> RecordT:
    return cast("RecordT", replace(cast("Any", record), **changes))


def _redact_meta(meta: Meta) -> Meta:
    return {
        name: redact_urls(value) if isinstance(value, str) else value
        for name, value in meta.items()
    }


def _has_url(*values: str | int | float | None) -> bool:
    return any(isinstance(value, str) and "://" in value for value in values)

"""Blank events: which are dropped without a look, since hardly any event with an animal is lost.

`ctc calibrate --blank-loss` fitted the limit of the blank score above which an event is dropped, in
`ctc/evaluation/calibration/blanks.py`. Dropped events stay in the output, marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import EventPrediction
from ctc.errors import InputError, UsageError
from ctc.inference.decisions.promised import Entry, promised

if TYPE_CHECKING:
    from ctc.inference.config import PredictConfig
    from ctc.inference.decisions.choice import AnswerFacts

BLANKS = "blanks"
COLUMN = "dropped"


class BlankLimit(NamedTuple):
    """Events with a blank score above `limit` are dropped; `loss`: what is promised of it."""

    limit: float
    loss: float
    confidence: float


def blank_classes(classes: Sequence[str]) -> NDArray[np.bool_]:
    """Return which classes mean a blank event."""
    return np.array([observation_type(name) == "blank" for name in classes], bool)


def blank_score(
    probabilities: NDArray[np.float32],
    blank: NDArray[np.bool_],
    surest_box: NDArray[np.float32] | None,
) -> NDArray[np.float64]:
    """Return how much events look blank, 0 to 1 (N,).

    The summed probability of the `blank` classes, of `probabilities` (N, classes); with a detector
    the mean of that and of 1 − the confidence of the event's surest box (N,), 0 without any.
    """
    said: NDArray[np.float64] = probabilities[:, blank].astype(np.float64).sum(axis=1)
    return said if surest_box is None else (said + 1 - surest_box.astype(np.float64)) / 2


def surest_box(event: EventPrediction) -> float | None:
    """Return the confidence of the event's surest box of any type, 0 without any.

    None without a detector.
    """
    searched = [photo.boxes for photo in event.images if photo.boxes is not None]
    if not searched:
        return None
    found = (one.detection.box.confidence or 0.0 for boxes in searched for one in boxes)
    return max(found, default=0.0)


@dataclass
class DroppedBlanks:
    """A `Decision` and `ReportingDecision`; `limits`: by label; `refused`: labels without one."""

    limits: Mapping[str, BlankLimit]
    refused: Sequence[str] = ()
    looks_first: bool = False
    events: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, settings: Any) -> DroppedBlanks:
        """Return the decision of what `choose_blanks` returned."""
        limits = {label: BlankLimit(*values) for label, values in settings.items() if values}
        return cls(limits, tuple(label for label in settings if label not in limits))

    def look(self, events: Iterable[EventPrediction]) -> None:
        """See `Decision`; not called."""

    def decide(self, event: EventPrediction) -> EventPrediction:
        """Return the event marked as dropped or not; the answers stay as they are."""
        self.events += 1
        for label, classes in event.classes.items():
            found = None
            if label in self.limits:
                found = self._is_dropped(event, label, classes)
                self.dropped[label] = self.dropped.get(label, 0) + found
            event = event.with_columns(label, {COLUMN: found})
        return event

    def _is_dropped(self, event: EventPrediction, label: str, classes: Sequence[str]) -> bool:
        sure = surest_box(event)
        box = None if sure is None else np.array([sure], np.float32)
        # classes that a geofence ruled out make nothing blank
        values = event.probabilities[label] * np.float32(event.left.get(label, 1.0))
        score = blank_score(values[None], blank_classes(classes), box)
        return bool(score[0] > self.limits[label].limit)

    def report(self) -> tuple[str, ...]:
        """Return a line per label: how many events are dropped, and what is promised."""
        refused = (
            f"'{label}': no event is marked as a dropped blank, since `ctc calibrate` could not "
            "promise that few animals are lost by it"
            for label in self.refused
        )
        told = (
            f"'{label}': {self.dropped.get(label, 0):,} of {self.events:,} events marked as dropped"
            f" blanks; at most {limit.loss:.1%} of the events with animals are, with"
            f" {limit.confidence:.0%} confidence"
            for label, limit in self.limits.items()
        )
        return (*told, *refused)


def choose_blanks(config: PredictConfig, answers: AnswerFacts) -> dict[str, Any] | None:
    """Return the settings for `--drop-blanks`, None without it; see `Chooser`."""
    if not config.drop_blanks:
        return None
    if config.class_list is not None:
        raise UsageError(
            "--drop-blanks and --classes exclude each other: what is promised about blanks holds "
            "for all classes of the model"
        )
    entries = promised(answers, BLANKS, "--drop-blanks", " --blank-loss")
    refused = {label for label, entry in entries.items() if entry.get("limit", 0) is None}
    if refused == entries.keys():
        refused.clear()  # so that the first one tells why
    return {
        label: None if label in refused else list(blank_limit(entry))
        for label, entry in entries.items()
    }


def blank_limit(entry: Entry, option: str = "--drop-blanks") -> BlankLimit:
    """Return the limit of an entry, which `option` needs; UsageError where nothing is promised."""
    try:
        if entry["limit"] is not None:
            found = BlankLimit(*(float(entry[name]) for name in BlankLimit._fields))
            if not all(0 <= value < 1.001 for value in found):
                raise ValueError(f"{tuple(found)} are no shares")
            return found
        why, animals, loss = str(entry["refused"]), int(entry["animals"]), float(entry["loss"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"the model's blanks are damaged ({error!r}): calibrate its original again"
        ) from None
    raise UsageError(
        f"{option}: `ctc calibrate` could not promise a loss of at most {loss:.1%} for "
        f"'{entry['label']}' with {animals:,} events with animals ({why}): calibrate on more events"
        " and locations, or leave the option out"
    )

"""Confidence thresholds per class, and what was proven about them: `promises["thresholds"]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ctc.artifacts.model.promises import PredictionSetup
from ctc.errors import InputError, shorten


@dataclass(frozen=True, slots=True)
class ClassThreshold:
    """Threshold of one class.

    `answers` counts those with this top class, `events` the events that they are of, `accepted`
    those answers that reach the `threshold`. `precision` is the share of the accepted that is
    right, `at_least` its lower bound, `locations` how many locations the accepted are from. Where
    nothing is promised the threshold, `precision` and `at_least` are None, `accepted` is 0,
    `locations` counts those of all answers, and `refusal` says why.
    """

    name: str
    answers: int
    events: int
    threshold: float | None = None
    accepted: int = 0
    precision: float | None = None
    at_least: float | None = None
    locations: int = 0
    refusal: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry without the name."""
        return {name: getattr(self, name) for name in _CLASS_FIELDS}


_CLASS_FIELDS = (
    "threshold",
    "answers",
    "events",
    "accepted",
    "precision",
    "at_least",
    "locations",
    "refusal",
)


@dataclass(frozen=True)
class ThresholdPromise:
    """The thresholds of a label's classes for one way of predicting.

    Of the answers of a class that reach its threshold, at least the share `precision` is right,
    with the given `confidence`: for each class, or for all classes of all labels at once (`joint`).
    `scope`: whom that is for, `new locations` or `same locations`. Fitted to `events`, from
    `locations` that are known, with `photos_per_event` (minimum, median, maximum); `foreign`: how
    many of them are of classes that the model never learnt, by name, which count as wrong.
    `fitted_on`: `dataset` (fingerprint) and `split`.
    """

    label: str
    made_for: PredictionSetup
    scope: str
    precision: float
    confidence: float
    joint: bool
    events: int
    photos_per_event: tuple[int, float, int]
    locations: int
    classes: tuple[ClassThreshold, ...]
    foreign: Mapping[str, int] = field(default_factory=dict)
    fitted_on: Mapping[str, str] = field(default_factory=dict)

    @property
    def thresholds(self) -> dict[str, float | None]:
        """The threshold of each class, None where nothing is promised."""
        return {one.name: one.threshold for one in self.classes}

    def to_json(self) -> dict[str, Any]:
        """Return the entry of the model's metadata."""
        low, median, high = self.photos_per_event
        return {
            "label": self.label,
            "made_for": self.made_for.to_json(),
            "scope": self.scope,
            "precision": self.precision,
            "confidence": self.confidence,
            "joint": self.joint,
            "events": self.events,
            "photos_per_event": {"min": low, "median": median, "max": high},
            "locations": self.locations,
            "foreign": dict(self.foreign),
            "classes": {one.name: one.to_json() for one in self.classes},
            **self.fitted_on,
        }

    @classmethod
    def from_json(cls, data: Any) -> ThresholdPromise:
        """Parse what `to_json` returned; raises InputError for anything else."""
        try:
            photos, named = data["photos_per_event"], dict(data["classes"])
            classes = (ClassThreshold(name, **dict(values)) for name, values in named.items())
            return cls(
                str(data["label"]),
                PredictionSetup.from_json(data["made_for"]),
                str(data["scope"]),
                _share(data["precision"]),
                _share(data["confidence"]),
                bool(data["joint"]),
                int(data["events"]),
                (photos["min"], photos["median"], photos["max"]),
                int(data["locations"]),
                tuple(map(_checked, classes)),
                dict(data["foreign"]),
                {key: str(data[key]) for key in ("dataset", "split") if key in data},
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InputError(
                f"its promised thresholds are damaged: {shorten(str(error))}: calibrate the "
                "original again"
            ) from None


def _share(value: Any) -> float:
    """Return a number between 0 and 1; raises ValueError for another."""
    if not 0 < value < 1:
        raise ValueError(f"{value!r} is not between 0 and 1")
    return float(value)


def _checked(one: ClassThreshold) -> ClassThreshold:
    """Return the threshold; raises ValueError unless it is a probability or None."""
    value = one.threshold
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (is_number and 0 <= value <= 1):
        raise ValueError(f"'{one.name}' has the threshold {value!r}")
    return one

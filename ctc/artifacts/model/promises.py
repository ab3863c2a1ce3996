"""What a promise was fitted for. It holds for predictions that are made in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from ctc.errors import InputError

Unit = Literal["event", "photo"]
CASCADE = "--cascade"
"""In the detector of a `PredictionSetup`; see `detector_setup`."""


@dataclass(frozen=True)
class PredictionSetup:
    """How predictions are made, as far as it changes how often they are right.

    `unit`: whether events or photos are answered for. `aggregation`, `aggregation_options`: how the
    photos of an event are combined; '' and empty for the unit photo. `detector`: the digest of
    the detector whose boxes are predicted, and its options where they are given; '' for whole
    photos. `flips`: whether the mean with
    the mirror image is taken.
    """

    unit: Unit = "event"
    aggregation: str = "mean"
    aggregation_options: Mapping[str, Any] = field(default_factory=dict)
    detector: str = ""
    flips: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "unit": self.unit,
            "aggregation": self.aggregation,
            "aggregation_options": dict(self.aggregation_options),
            "detector": self.detector,
            "flips": self.flips,
        }

    @classmethod
    def from_json(cls, data: Any) -> PredictionSetup:
        """Parse what `to_json` returned; raises InputError for anything else."""
        try:
            unit, flips = data["unit"], data["flips"]
            if unit not in get_args(Unit) or not isinstance(flips, bool):
                raise ValueError(f"{unit!r}, {flips!r}")
            return cls(
                unit,
                str(data["aggregation"]),
                dict(data["aggregation_options"]),
                str(data["detector"]),
                flips,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"a promise does not say what it was fitted for: {error}") from None

    @property
    def of_photos(self) -> PredictionSetup:
        """The same for single photos, which nothing is combined of."""
        return replace(self, unit="photo", aggregation="", aggregation_options={})

    def describe(self) -> str:
        """Return it in words, as the options of a command."""
        options = [
            f" --{key.replace('_', '-')} {value}"
            for key, value in self.aggregation_options.items()
            if value is not None
        ]
        combined = f"--aggregation {self.aggregation}{''.join(options)}"
        flips, detector = " --flips" * self.flips, " with a detector" * bool(self.detector)
        cascade = " as a cascade" * (CASCADE in self.detector.split())
        return (combined if self.unit == "event" else "single photos") + flips + detector + cascade

    def differences(self, other: PredictionSetup) -> tuple[str, ...]:
        """Return, in words, how this setup differs from `other`."""
        found = []
        if self.unit != other.unit:
            found.append(f"{self.unit}s in place of {other.unit}s")
        if (self.aggregation, dict(self.aggregation_options)) != (
            other.aggregation,
            dict(other.aggregation_options),
        ):
            found.append(f"--aggregation {self.aggregation} in place of {other.aggregation}")
        if self.detector != other.detector:
            found.append(_detector_difference(self.detector, other.detector))
        if self.flips != other.flips:
            found.append("with --flips" if self.flips else "without --flips")
        return tuple(found)


def _detector_difference(used: str, other: str) -> str:
    """Return how a detector with its options differs from another, or from none."""
    if not used:
        return "whole photos"
    if not other:
        return "a detector"
    is_same = used.split()[0] == other.split()[0]
    return "other options of the detector" if is_same else "another detector"

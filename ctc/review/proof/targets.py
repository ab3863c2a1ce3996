"""What an audit is to show, and how the error that it may make is shared among its tests."""

from __future__ import annotations

from dataclasses import dataclass

from ctc.errors import UsageError
from ctc.review.proof.strata import THRESHOLDS


@dataclass(frozen=True)
class Targets:
    """What is to be shown, with this confidence for each claim.

    `precision`: the least share of a class's answers that is right. `animals_lost`: the largest
    share of the events with animals that is among blanks.
    """

    precision: float = 0.95
    animals_lost: float = 0.02
    confidence: float = 0.95

    def __post_init__(self) -> None:
        for name in ("precision", "animals_lost", "confidence"):
            value = getattr(self, name)
            if not 0 < value < 1:
                what = name.replace("_", " ")
                raise UsageError(f"'{what}' is {value:g}: give a share between 0 and 1")

    @property
    def error(self) -> float:
        """The probability of showing a claim, for all events or from a threshold, that is wrong."""
        return 1 - self.confidence

    @property
    def all_error(self) -> float:
        """The part of `error` for the test of all events of a claim."""
        return self.error / 2

    @property
    def kept_error(self) -> float:
        """The part of `error` for how many animals are among the other answers."""
        return self.error / 4

    @property
    def threshold_error(self) -> float:
        """The part of `error` for the test from one of THRESHOLDS."""
        return self.error / 4 / len(THRESHOLDS)

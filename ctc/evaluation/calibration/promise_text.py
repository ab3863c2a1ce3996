"""What the promises of a calibrated model say, in lines for the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ctc.evaluation.calibration.blanks import describe_blanks
from ctc.evaluation.calibration.sets import describe_sets
from ctc.inference.decisions.blanks import BLANKS
from ctc.inference.decisions.sets import SETS

DESCRIPTIONS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    BLANKS: describe_blanks,
    SETS: describe_sets,
}
"""By kind."""


def promise_lines(promises: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """Yield a line for each promise about events."""
    for kind, describe in DESCRIPTIONS.items():
        for entry in promises.get(kind, ()):
            if entry["made_for"]["unit"] == "event":
                with_detector = "with the detector: " if entry["made_for"]["detector"] else ""
                yield f"{with_detector}{describe(entry)}"

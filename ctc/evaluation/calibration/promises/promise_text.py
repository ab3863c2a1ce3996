"""What the promises of a calibrated model say, in lines for the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ctc.artifacts.model.promises import CASCADE
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
                yield f"{networks(entry)}{describe(entry)}"


def networks(entry: Mapping[str, Any]) -> str:
    """Return which networks answer, to begin a line with; empty where the model answers alone."""
    used = entry["made_for"]["detector"]
    if not used:
        return ""
    if CASCADE not in used:
        return "with the detector: "
    skipped = f", which {entry['skipped']:.0%} of the photos skip" if "skipped" in entry else ""
    return f"with the detector as the second of a cascade{skipped}: "

"""What the promises of a calibrated model say, in lines for the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ctc.evaluation.calibration.blanks import describe_blanks
from ctc.evaluation.calibration.sets import describe_sets
from ctc.inference.decisions.blanks import BLANKS
from ctc.inference.decisions.sets import SETS

CASCADE = "--cascade"
"""In the detector of a `PredictionSetup`; see `detector_setup`."""
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
                yield f"{_way(entry)}{describe(entry)}"


def _way(entry: Mapping[str, Any]) -> str:
    """Return which networks answer, where it is not the model alone."""
    used = entry["made_for"]["detector"]
    if not used:
        return ""
    if CASCADE not in used:
        return "with the detector: "
    skipped = f", which {entry['skipped']:.0%} of the photos skip" if "skipped" in entry else ""
    return f"with the detector as the second of a cascade{skipped}: "

"""What is found about a clock."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

FindingKind = Literal[
    "default clock",
    "in the future",
    "other period",
    "went back",
    "outside deployment",
    "12 hours off",
]


@dataclass(frozen=True)
class ClockFinding:
    """Events of a camera whose clock was wrong.

    `start`, `end`: the first and last of their camera times, ISO 8601; None for all times. `until`:
    how far a row of offsets goes, since an event may have later photos; None: to `end`.
    `seconds`: the offset that corrects them, None if that is not known; `low`, `high`: between
    which it is, None if nothing tells, and for '12 hours off', which is one of both. `sure`: the
    probability that it is right to say so, at least; None where it can't be told which of two sides
    is wrong. `evidence`: a short sentence.
    `from_file`, `before_file`: the first of their files, and that which follows, where others have
    the same times. `applies`: whether a row of `camera` with these limits means these events alone.
    """

    camera: str
    kind: FindingKind
    start: str | None
    end: str | None
    events: int
    evidence: str
    seconds: float | None = None
    low: float | None = None
    high: float | None = None
    sure: float | None = None
    applies: bool = True
    from_file: str = ""
    before_file: str = ""
    until: str | None = None

    def is_sure(self, confidence: float) -> bool:
        """Return whether the offset can be applied."""
        known = self.seconds is not None and self.applies
        return known and self.sure is not None and self.sure >= confidence

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON."""
        return asdict(self)

"""Pieces of a camera's files whose times don't fit those before and after.

Files are in the order of their numbers; where time goes back from one to the next, the clock was
set. A piece that is behind (or ahead) and ends with a jump to where the others go on was wrong,
unless a silence as long as that jump is usual for the camera. The chance of one is taken from the
other silences: a longer one than the longest of n comes with 1/n, and falls beyond that as 1/x.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints
from ctc.inventory.clocks.cameras import Camera
from ctc.inventory.clocks.offsets import Limits

TOLERANCE = 60
"""Seconds by which files of one trigger may be numbered against their times."""
MAX_DESCENTS, MAX_DESCENT_SHARE = 3, 0.02
"""With more times that go back, names don't tell the order of files."""
MAX_CHANCE = 0.05
"""Above this chance of a silence as long as a jump, it is not taken for one."""
_CLEARER = 5
"""How many times less the chance of the one explanation must be than that of the other."""


@dataclass(frozen=True)
class Piece:
    """Events of a camera, positions in it, that were wrong or followed a clock that was set.

    `limits`: of the offset. `chance`: of the times as they are although the clock was right; None
    for a piece that follows a step of which either side may be wrong. `after`: of the file before.
    """

    events: Ints
    limits: Limits
    chance: float | None
    evidence: str = ""
    after: int | None = None


@dataclass
class JumpSearch:
    """Searches a camera; `is_wrong` (n,): events that are wrong for sure. `notes`: for the user."""

    camera: Camera
    is_wrong: NDArray[np.bool_]
    notes: list[str] = field(default_factory=list)

    def wrong_runs(self) -> Iterator[Piece]:
        """Yield the events that are wrong for sure, run by run, with limits by their neighbours."""
        left = self.is_wrong.copy()
        for roll in self.camera.rolls:
            for start, end in _runs(self.is_wrong[roll], self._seconds(roll)):
                run = roll[start:end]
                left[run] = False
                yield Piece(run, self._limits(roll, start, end), 0.0)
        if left.any():
            yield Piece(np.flatnonzero(left), Limits(), 0.0)

    def jumps(self) -> Iterator[Piece]:
        """Yield the pieces that are behind or ahead, and what follows other steps back."""
        for roll in self.camera.rolls:
            yield from self._jumps_of(roll[~self.is_wrong[roll]])

    def _jumps_of(self, roll: Ints) -> Iterator[Piece]:
        seconds = self._seconds(roll)
        steps = np.diff(seconds)
        at = np.flatnonzero(steps < -TOLERANCE) + 1
        if len(at) > max(MAX_DESCENTS, MAX_DESCENT_SHARE * len(roll)):
            self.notes.append(
                f"'{self.camera.name}': file names don't tell the order of photos, whose times go"
                f" back {len(at):,} times"
            )
            return
        silences = np.sort(steps[steps > 0])
        ends = [0, *at.tolist(), len(roll)]
        for first, middle, last in zip(ends, ends[1:], ends[2:], strict=False):
            yield self._explain(roll, seconds, silences, (first, middle, last))

    def _explain(
        self, roll: Ints, seconds: Ints, silences: Ints, ends: tuple[int, int, int]
    ) -> Piece:
        """Return the piece that is behind after `middle`, or ahead before it, or the step."""
        first, middle, last = ends
        back = middle + int(np.searchsorted(seconds[middle:last], seconds[middle - 1], "right"))
        ahead = first + int(np.searchsorted(seconds[first:middle], seconds[middle], "left"))
        drop = int(seconds[middle - 1] - seconds[middle])
        behind = _chance(seconds, back, last, drop, silences)
        before = _chance(seconds, ahead, middle, drop, silences) if ahead > first else 1.0
        low, high = sorted((behind, before))
        if low > MAX_CHANCE or high < _CLEARER * low:
            return Piece(
                roll[middle:back], Limits(), None, _describe_step(drop), int(roll[middle - 1])
            )
        start, end = (middle, back) if behind < before else (ahead, middle)
        limits = self._limits(roll, start, end)
        return Piece(roll[start:end], limits, low, "by the numbers of files")

    def _limits(self, roll: Ints, start: int, end: int) -> Limits:
        """Return the limits of the offset of a run, by the right files before and after it."""
        seconds, wrong = self._seconds(roll), self.is_wrong[roll]
        before = np.flatnonzero(~wrong[:start])
        after = np.flatnonzero(~wrong[end:])
        return Limits(
            float(seconds[before[-1]] - seconds[start]) if len(before) else None,
            float(seconds[end + after[0]] - seconds[end - 1]) if len(after) else None,
        )

    def _seconds(self, roll: Ints) -> Ints:
        return self.camera.times[roll].astype(np.int64)


def _runs(wrong: NDArray[np.bool_], seconds: Ints) -> Iterator[tuple[int, int]]:
    """Yield start and end of each run of wrong files whose times go forward."""
    starts = wrong.copy()
    starts[1:] &= ~wrong[:-1] | (np.diff(seconds) < 0)
    for start in np.flatnonzero(starts).tolist():
        stop = np.flatnonzero(~wrong[start + 1 :] | starts[start + 1 :])
        yield start, int(start + 1 + stop[0]) if len(stop) else len(wrong)


def _chance(seconds: Ints, at: int, end: int, drop: int, silences: Ints) -> float:
    """Return the chance of a silence as long as that before file `at`; 1 without that file.

    It must be at least as long as the `drop` to which it would be the return.
    """
    if at >= end:
        return 1.0
    silence = int(seconds[at] - seconds[at - 1])
    if silence < drop or len(silences) < 2:
        return 1.0
    longer = len(silences) - int(np.searchsorted(silences, silence, "left"))
    if longer > 1:
        return longer / len(silences)
    return float(silences[-2] / silence / len(silences))


def _describe_step(drop: int) -> str:
    hint = ", as when summer time ends" if 0 < drop <= 3_600 else ""
    return f"went back by {_duration(drop)} or more{hint}; which side is right is not known"


def _duration(seconds: int) -> str:
    """Return '3 d', '5 h' or '12 min'."""
    for size, unit in ((86_400, "d"), (3_600, "h")):
        if seconds >= 2 * size:
            return f"{seconds // size:,} {unit}"
    return f"{max(1, seconds // 60)} min"

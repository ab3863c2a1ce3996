"""Find the clocks of an inventory that were wrong, and the offsets that correct them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints
from ctc.artifacts.cameras.clock_offsets import ClockOffset
from ctc.artifacts.inventory import Inventory
from ctc.images.metadata.camera_clock import is_wrong_time
from ctc.inventory.clocks.cameras import Camera, read_cameras
from ctc.inventory.clocks.daylight import photos_to_open
from ctc.inventory.clocks.finding import ClockFinding, FindingKind
from ctc.inventory.clocks.half_day import (
    MIN_SURE,
    HalfDaySearch,
    describe_shift,
    half_days_that_fit,
)
from ctc.inventory.clocks.jumps import JumpSearch, Piece
from ctc.inventory.clocks.offsets import Limits, likely_offset
from ctc.inventory.clocks.windows import Window, Windows, outside, window_limits
from ctc.reporting import NullReporter, ProgressFactory

_NO_PROGRESS = NullReporter().progress
Bools = NDArray[np.bool_]
_EVENT_LENGTH = np.timedelta64(10, "m")
"""By which a row goes beyond the first photo of its last event."""


@dataclass(frozen=True)
class ClockReport:
    """What was found, camera by camera; `cameras`, `events`: how many were searched.

    `notes`: what could not be searched.
    """

    cameras: int
    events: int
    findings: tuple[ClockFinding, ...]
    notes: tuple[str, ...] = ()


def find_wrong_clocks(
    inventory: Inventory,
    image_root: Path,
    deployments: Path | None = None,
    photos: int = 0,
    progress: ProgressFactory = _NO_PROGRESS,
    confidence: float = MIN_SURE,
) -> ClockReport:
    """Search the times of an inventory.

    `deployments`: a table that says when cameras ran. `photos`: how many of each camera are opened
    to tell day from night, see `daylight`. Clocks that are 12 hours off are listed from MIN_SURE
    on, or from `confidence` if that is less. Raises CtcError if there are no times.
    """
    cameras = read_cameras(inventory)
    windows = Windows() if deployments is None else Windows.read(deployments, cameras)
    findings: list[list[ClockFinding]] = []
    left: list[Bools] = []
    notes: list[str] = []
    for camera in cameras:
        search = CameraSearch(camera, windows.of(camera))
        findings.append(list(search.run()))
        left.append(search.is_wrong)
        notes += search.notes
    total = photos_to_open(cameras, left, photos) if photos else 0
    with (progress if total else _NO_PROGRESS)("look", total) as bar:
        half_days = HalfDaySearch(
            cameras, left, image_root, photos, bar.advance, windows.of, min(confidence, MIN_SURE)
        )
        by_camera = {one.camera: one for one in half_days.run()}
    for camera, found in zip(cameras, findings, strict=True):
        if (half_day := by_camera.get(camera.name)) is not None:
            if half_day.seconds is not None:  # it explains the events outside
                found[:] = [one for one in found if one.kind != "outside deployment"]
            found.append(half_day)
    notes += half_days.notes
    flat = tuple(one for found in findings for one in found)
    return ClockReport(len(cameras), sum(map(len, cameras)), flat, tuple(notes))


class CameraSearch:
    """Searches the times of one camera; `is_wrong` (n,): the events that are known to be wrong."""

    def __init__(self, camera: Camera, windows: tuple[Window, ...]) -> None:
        self.camera, self.windows = camera, windows
        self.notes: list[str] = []
        times = camera.times
        self._future = times > np.datetime64("now", "s") + np.timedelta64(2, "D")
        self.is_wrong: Bools = is_wrong_time(times)

    def run(self) -> Iterator[ClockFinding]:
        """Yield what is found."""
        jumps = JumpSearch(self.camera, self.is_wrong.copy())
        for piece in jumps.wrong_runs():
            future = bool(self._future[piece.events[0]])
            kind: FindingKind = "in the future" if future else "default clock"
            yield self._finding(piece, kind)
        for piece in jumps.jumps():
            if piece.chance is None:
                yield self._finding(piece, "went back")
            else:
                self.is_wrong[piece.events] = True
                yield self._finding(piece, "other period")
        self.notes += jumps.notes
        yield from self._outside()

    def _outside(self) -> Iterator[ClockFinding]:
        """Yield events outside of the deployments: all at once, or those before and after."""
        right = ~self.is_wrong
        events = np.flatnonzero(right & outside(self.camera.times, self.windows))
        if not len(events):
            return
        seconds = self.camera.times[events].astype(np.int64)
        if len(events) == int(right.sum()):
            self.is_wrong[events] = True
            piece = Piece(events, Limits(), 0.0, f"all {len(events):,} outside of the deployment")
            yield self._finding(piece, "outside deployment")
            return
        of_all = f"{len(events):,} of {int(right.sum()):,}"
        start = min(window[0] for window in self.windows)
        shifts = half_days_that_fit(self.camera.times[right], self.windows)
        for part, where in (
            (events[seconds < start], "before"),
            (events[seconds >= start], "after"),
        ):
            if len(part):
                evidence = f"{of_all} events are {where} the deployment, or its times are wrong"
                if len(shifts) == 1:
                    evidence += f"; {describe_shift(shifts[0])} would put all into it"
                yield self._finding(Piece(part, Limits(), None, evidence), "outside deployment")

    def _finding(self, piece: Piece, kind: FindingKind) -> ClockFinding:
        times = self.camera.times[piece.events]
        start, end = times.min(), times.max()
        limits = Limits()
        offset = None
        if piece.chance is not None:
            limits = piece.limits.within(window_limits(times.astype(np.int64), self.windows))
            offset = likely_offset(limits, start.astype(datetime))
        chance = piece.chance
        sure = None if chance is None else 1 - chance
        evidence = piece.evidence or _describe_limits(limits)
        if offset is not None and sure is not None:
            sure = max(0.0, sure + offset.sure - 1)
            evidence = "; ".join(filter(None, (piece.evidence, offset.how)))
        applies, *files = self._limits_of(piece.events, start, end)
        return ClockFinding(
            self.camera.name,
            kind,
            _text(start),
            _text(end),
            len(piece.events),
            evidence,
            None if offset is None else offset.seconds,
            limits.low,
            limits.high,
            sure,
            applies,
            from_file=files[0],
            before_file=files[1],
            until=_text(end + _EVENT_LENGTH if any(files) else self._end_of(end)),
        )

    def _end_of(self, last: np.datetime64) -> np.datetime64:
        """Return a time by which also further photos of the `last` event were taken."""
        later = self.camera.times[self.camera.times > last]
        end = last + _EVENT_LENGTH
        return np.datetime64(min(end, later.min() - np.timedelta64(1, "s")) if len(later) else end)

    def _limits_of(
        self, events: Ints, start: np.datetime64, end: np.datetime64
    ) -> tuple[bool, str, str]:
        """Return whether a row means these events alone, and the files that it needs for it."""
        times, paths = self.camera.times, self.camera.paths
        same = np.flatnonzero((times >= start) & (times <= end))
        if len(same) == len(events):
            return True, "", ""
        roll = next((one for one in self.camera.rolls if np.isin(events, one).all()), None)
        if roll is None:
            return False, "", ""
        last = int(np.flatnonzero(np.isin(roll, events))[-1])
        before = paths[roll[last + 1]] if last + 1 < len(roll) else ""
        row = ClockOffset(self.camera.name, 0.0, None, None, paths[events[0]], before)
        covered = {int(at) for at in same if row.covers(datetime.min, paths[at])}
        return covered == set(events.tolist()), row.from_file, row.before_file


def _text(time: np.datetime64) -> str:
    return str(np.datetime_as_string(time, "s"))


def _describe_limits(limits: Limits) -> str:
    if limits.width is not None and limits.width < 0:
        return "no offset fits both what is before and what is after"
    if limits.low is None and limits.high is None:
        return "nothing tells the right time"
    sides = ["before"] * (limits.low is not None) + ["after"] * (limits.high is not None)
    return f"limited by what is {' and '.join(sides)}"

"""Which frames of a clip are used: so many per second, so many in all, or where most changes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.errors import UsageError
from ctc.images.clips.capture import Capture, ClipSource
from ctc.images.clips.files import ClipInfo, open_capture
from ctc.images.clips.names import DIGITS

By = Literal["time", "change"]
_SMALL = (64, 36)
_CHANGES_PER_SECOND = 5.0


@dataclass(frozen=True)
class FrameChoice:
    """`rate`: frames per second, unless there is a `count`: the number of frames.

    `by`: "time", spread evenly; "change", those that differ most from what was a moment before.
    """

    rate: float = 1.0
    count: int | None = None
    by: By = "time"

    def most(self, info: ClipInfo) -> int:
        """Return the number of frames that `times` returns at most; decodes nothing."""
        of_clip = _frames(info)
        chosen = int(info.last * self.rate + 1e-6) + 1 if self.count is None else self.count
        return min(of_clip, chosen)

    def times(self, clip: ClipSource, info: ClipInfo) -> list[float]:
        """Return the times of the chosen frames, in seconds, ascending; at least one.

        A number is spread over the clip, each in the middle of its part, or is all frames of a
        short one. No frame is chosen twice, as far as the times of frames are known or follow from
        the rate. By change the clip is decoded for it. Raises ImageError if that can't be.
        """
        if self.by == "change":
            return _largest_changes(clip, self.count or 1, info.last)
        if self.count is None:
            steps = range(int(info.last * self.rate + 1e-6) + 1)
            times = [step / self.rate for step in steps]
        elif self.count >= _frames(info):
            times = [number / info.rate for number in range(_frames(info))]
            times = times if info.times is None else [float(one) for one in info.times]
        else:
            times = [(place + 0.5) / self.count * info.last for place in range(self.count)]
        rounded = (round(time, DIGITS) for time in times)
        return list({info.number(time): time for time in rounded}.values())


def make_frame_choice(rate: float | None, count: int | None, by: By) -> FrameChoice:
    """Return the choice; raises UsageError for options that exclude each other."""
    if rate is not None and count is not None:
        raise UsageError("--frame-rate and --frames exclude each other: leave one of them out")
    if by == "change" and count is None:
        raise UsageError("--frames-by change needs the number of frames: add --frames, such as 5")
    return FrameChoice(FrameChoice.rate if rate is None else rate, count, by)


def _frames(info: ClipInfo) -> int:
    """Return the number of frames of a clip, as far as it is known."""
    if info.times is None:
        return math.ceil(info.rate * info.last - 1e-6) + 1
    return len(info.times)


def _largest_changes(clip: ClipSource, count: int, last: float) -> list[float]:
    times, changes = [], []
    before: NDArray[np.float32] | None = None
    with open_capture(clip) as (capture, _):
        while capture.time <= last:
            small = _small(capture)
            changes.append(0.0 if before is None else float(np.abs(small - before).mean()))
            times.append(capture.time)
            before = small
            if not _skip(capture, times[0] + len(times) / _CHANGES_PER_SECOND):
                break
    order = np.argsort(-np.asarray(changes), kind="stable")[:count]
    return sorted(round(times[index], DIGITS) for index in order)


def _small(capture: Capture) -> NDArray[np.float32]:
    grey = cv2.cvtColor(capture.pixels(), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, _SMALL, interpolation=cv2.INTER_AREA), np.float32)


def _skip(capture: Capture, seconds: float) -> bool:
    """Go to the first frame at or after `seconds`; return False at the end of the clip."""
    while capture.step():
        if capture.time >= seconds - 1e-6:
            return True
    return False

"""The frames of a clip in order, each with its time, decoded by the FFmpeg in OpenCV."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.errors import ImageError
from ctc.images.clips.names import TOLERANCE

if TYPE_CHECKING:
    from ctc.images.clips.container import Container

_QUIET, _SILENT = "-8", 0
_SEEK_MARGIN = 0.5
_DEFAULT_RATE = 30.0
_MJPEG = b"MJPG"
_MAX_PIXELS = 8192 * 4320
"""Of a frame: what 8K has. A decoder keeps many of them."""


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class ClipBytes:
    """A clip in memory; `check`: called before each frame, ends the decoding when it raises."""

    data: bytes = field(repr=False)
    check: Callable[[], None] = _nothing


ClipSource = str | ClipBytes
"""The path of a clip, or its content."""


class _Stream(io.BytesIO):
    """Bytes that OpenCV reads from; it can't bear an exception."""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place; return −1 for one that a damaged file makes up."""
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return -1


class Capture:
    """A clip that is being decoded; it stands at a frame, at first at the first one.

    `rate`: frames per second, on average. `frames`: how many the container claims, 0 if it does not
    tell. `height`, `width`: in pixels. `time`: that of the frame, in seconds after the first.
    `previous`: that of the frame before it, −1 for the first; None if it is not known, after a
    jump.
    """

    def __init__(self, source: ClipSource, container: Container) -> None:
        """Open a local file, or bytes. Raises ImageError if no frame of it can be decoded."""
        self._check = source.check if isinstance(source, ClipBytes) else _nothing
        # OpenCV keeps no reference to the stream that it reads from
        self._stream = _Stream(source.data) if isinstance(source, ClipBytes) else None
        self._video = _open_video(source if isinstance(source, str) else self._stream)
        if not self._video.isOpened():
            raise ImageError(_refusal(container))
        rate = float(self._video.get(cv2.CAP_PROP_FPS))
        self.rate = rate if 0 < rate < 1000 else _DEFAULT_RATE
        self.frames = max(0, int(self._video.get(cv2.CAP_PROP_FRAME_COUNT)))
        code = int(self._video.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
        # AVI stores no times: behind a jump they are known only where each frame stands alone
        self._tells_times = container.kind != "avi" or code == _MJPEG
        self._check_size()
        self._start = 0.0
        self._stored: cv2.typing.MatLike | None = None
        self._upright: cv2.typing.MatLike | None = None
        self.time, self.previous = 0.0, -1.0  # type: float, float | None
        if not self._video.grab():
            raise ImageError(_refusal(container))
        self._start = self._reported()

    def _check_size(self) -> None:
        self.width, self.height = (
            int(self._video.get(side))
            for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        if not 0 < self.width * self.height <= _MAX_PIXELS:
            raise ImageError(f"frames of {self.width}×{self.height} pixels, more than 8K has")

    def _reported(self) -> float:
        return float(self._video.get(cv2.CAP_PROP_POS_MSEC)) / 1000 - self._start

    def step(self) -> bool:
        """Go to the next frame; return False at the end, where there is no frame any more."""
        self._check()
        if not self._video.grab():
            return False
        self.previous, now = self.time, self._reported()
        # a container without times of its own, as AVI with H.264, has a constant rate
        self.time = now if now > self.previous else self.previous + 1 / self.rate
        return True

    def jump(self, seconds: float) -> bool:
        """Go to some frame before that time, the nearer the better; return False if that failed."""
        if not self._tells_times:
            return False
        self._video.set(cv2.CAP_PROP_POS_MSEC, (self._start + seconds - _SEEK_MARGIN) * 1000)
        if not self._video.grab():
            return False
        self.previous, self.time = None, self._reported()
        return 0 <= self.time < seconds - TOLERANCE

    def pixels(self) -> NDArray[np.uint8]:
        """Return the frame upright, as RGB, uint8 (height, width, 3).

        The next call may return the same memory: fresh pages would cost a third of the time.
        """
        found, self._stored = self._video.retrieve(self._stored)
        if not found or self._stored is None:
            raise ImageError(f"the frame at {self.time:.3f} s can't be decoded")
        self._upright = cv2.cvtColor(self._stored, cv2.COLOR_BGR2RGB, dst=self._upright)
        return np.asarray(self._upright, np.uint8)

    def close(self) -> None:
        """Free the decoder."""
        self._video.release()

    def __del__(self) -> None:
        if hasattr(self, "_video"):
            self.close()  # before the stream goes


def _open_video(source: Any) -> cv2.VideoCapture:
    """Open a path, or a stream, which the stub of OpenCV does not know."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _QUIET)  # else FFmpeg writes to stderr,
    cv2.utils.logging.setLogLevel(_SILENT)  # and OpenCV as well
    if isinstance(source, str):
        return cv2.VideoCapture(str(Path(source).absolute()), cv2.CAP_FFMPEG)
    return cv2.VideoCapture(source, cv2.CAP_FFMPEG, [])


def _refusal(container: Container) -> str:
    if container.cut:
        return f"the video is cut off ({container.cut}), and has no frame that can be decoded"
    return "a video without a picture that can be decoded: it has sound alone, or is damaged"

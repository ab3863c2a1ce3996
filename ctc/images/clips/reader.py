"""Reading of frames by time: each clip is decoded once, however many threads ask for its frames.

A thread that needs a frame says so before it waits for the clip's decoder. Whoever holds the
decoder hands out every frame that is asked for on its way, so that threads which ask for frames a
little out of order don't send it back.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future
from datetime import timedelta
from threading import Lock

from ctc.errors import ImageError
from ctc.images.clips.capture import Capture, ClipSource
from ctc.images.clips.files import FileKey, file_key, local_clip, start_capture
from ctc.images.clips.frame_file import to_tiff
from ctc.images.clips.names import TOLERANCE

MAX_OPEN = 8
_JUMP = 5.0
"""Seconds ahead from where on it is sooner to jump than to decode what is between."""


class ClipReader:
    """The decoder of one clip, on this machine or in memory, which threads share."""

    def __init__(self, source: ClipSource) -> None:
        self._source = source
        self._decoding, self._asking = Lock(), Lock()
        self._wanted: dict[float, Future[bytes]] = {}
        self._capture: Capture | None = None

    def read(self, seconds: float) -> bytes:
        """Return the first frame at or after that time as a file; raises ImageError."""
        with self._asking:
            frame = self._wanted.setdefault(seconds, Future())
        with self._decoding:
            if not frame.done():
                self._serve(seconds, frame)
        return frame.result()

    def close(self) -> None:
        """Free the decoder; a later read opens the clip again."""
        with self._decoding:
            self._drop()

    def _serve(self, seconds: float, frame: Future[bytes]) -> None:
        """Hand out all wanted frames up to this one, which is handed out in any case."""
        try:
            while not frame.done():
                self._go_to(self._next_wanted(seconds))
        except BaseException as error:
            self._drop()
            with self._asking:
                self._wanted.pop(seconds, None)
            frame.set_exception(error)

    def _next_wanted(self, seconds: float) -> float:
        """Return the first wanted time on the way to `seconds`."""
        capture = self._open()
        with self._asking:
            wanted = [time for time in self._wanted if time <= seconds]
        ahead = [time for time in wanted if time > capture.time + TOLERANCE]
        is_ahead = capture.previous is not None and seconds > capture.previous + TOLERANCE
        return min(ahead if is_ahead and ahead else [seconds] if is_ahead else wanted)

    def _go_to(self, seconds: float) -> None:
        """Decode up to the first frame at or after `seconds`, and hand it out."""
        capture = self._open()
        if capture.previous is None or seconds <= capture.previous + TOLERANCE:
            capture = self._restart(seconds)
        elif seconds - capture.time > _JUMP and not capture.jump(seconds):
            self._drop()
            capture = self._open()
        self._hand_out(capture)
        while capture.time < seconds - TOLERANCE:
            last = capture.time
            if not capture.step():
                self._end(seconds, last, capture)
                return
            self._hand_out(capture)

    def _restart(self, seconds: float) -> Capture:
        """Return the decoder at a frame before `seconds`, or at the first one."""
        capture = self._open()
        if seconds > _JUMP and capture.jump(seconds):
            return capture
        self._drop()
        return self._open()

    def _end(self, seconds: float, last: float, capture: Capture) -> None:
        """Hand out the last frame for a time after it that is still in the clip."""
        lasts = max(capture.frames / capture.rate, last + 1 / capture.rate)
        self._drop()
        if seconds > lasts + TOLERANCE:
            raise ImageError(f"the clip ends at {last:.3f} s")
        capture = self._open()
        while capture.time < last - TOLERANCE and capture.step():
            self._hand_out(capture)
        self._give(seconds, capture)

    def _hand_out(self, capture: Capture) -> None:
        """Give the frame to all that want it."""
        before = capture.previous
        if before is None:
            return
        with self._asking:
            wanted = [
                time
                for time in self._wanted
                if before < time - TOLERANCE and time - TOLERANCE <= capture.time
            ]
        for time in wanted:
            self._give(time, capture)

    def _give(self, time: float, capture: Capture) -> None:
        with self._asking:
            frame = self._wanted.pop(time)
        try:
            created = self._created
            taken = created and created + timedelta(seconds=capture.time)
            frame.set_result(to_tiff(capture.pixels(), taken))
        except Exception as error:
            frame.set_exception(error)

    def _open(self) -> Capture:
        if self._capture is None:
            self._capture, container = start_capture(self._source)
            self._created = container.created
        return self._capture

    def _drop(self) -> None:
        if self._capture is not None:
            self._capture.close()
            self._capture = None


class _Readers:
    """The clips that are open, the least recently used first; at most MAX_OPEN."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: OrderedDict[FileKey, ClipReader] = OrderedDict()

    def get(self, path: str) -> ClipReader:
        """Return the reader of a local clip; another file of that name has another one."""
        key = file_key(path)
        with self._lock:
            reader = self._open.setdefault(key, ClipReader(path))
            self._open.move_to_end(key)
            oldest = self._open.popitem(last=False)[1] if len(self._open) > MAX_OPEN else None
        if oldest is not None:
            oldest.close()
        return reader


_READERS = _Readers()


def read_frame(clip: str, seconds: float) -> bytes:
    """Return the first frame of a clip at or after that time, as the bytes of a TIFF file.

    Raises ImageError with the reason, as `read_photo` does.
    """
    return _READERS.get(local_clip(clip)).read(seconds)

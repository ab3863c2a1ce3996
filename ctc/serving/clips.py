"""Clips in requests: opened in memory, with their frames in their place among the photos."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Event

from ctc.errors import ImageError, shorten
from ctc.images.clips.capture import ClipBytes
from ctc.images.clips.container import is_video, read_container
from ctc.images.clips.files import clip_info, refuse_truncated
from ctc.images.clips.frame_choice import FrameChoice
from ctc.images.clips.names import frame_path
from ctc.images.clips.reader import ClipReader
from ctc.inference.config import TruncatedPolicy
from ctc.serving.config import Limits
from ctc.serving.http.errors import ApiError
from ctc.serving.inputs import (
    ClipFrame,
    EncodedImage,
    EventRequest,
    RequestPhoto,
    UnusablePhoto,
    check_pixels,
)


def has_clip(events: Sequence[EventRequest]) -> bool:
    """Return whether a file is a video by its content."""
    return any(map(_is_clip, (photo for event in events for photo in event.photos)))


def _is_clip(photo: RequestPhoto) -> bool:
    return isinstance(photo, EncodedImage) and is_video(photo.data)


@dataclass(frozen=True)
class RequestClips:
    """Opens the clips of a request. `stopped`: ends all decoding when it is set."""

    limits: Limits
    truncated: TruncatedPolicy
    choice: FrameChoice
    stopped: Event = field(default_factory=Event)

    def expand(self, events: Sequence[EventRequest]) -> list[EventRequest]:
        """Return the events with the chosen frames of each clip in its place.

        Decodes no more than what the choice of frames needs. A clip that can't be used is a photo
        that fails. Raises ApiError (413) when that makes too many photos.
        """
        expanded, count = [], 0
        for event in events:
            photos: list[RequestPhoto] = []
            for photo in event.photos:
                left = self.limits.max_photos - count
                found = list(self._frames(photo, left)) if _is_clip(photo) else [photo]
                photos += found
                count += len(found)
            expanded.append(EventRequest(event.id, tuple(photos)))
        return expanded

    def _frames(self, clip: RequestPhoto, left: int) -> Iterator[RequestPhoto]:
        """Yield the frames of a clip, of which `left` may be used."""
        assert isinstance(clip, EncodedImage)
        source = ClipBytes(clip.data, self._check)
        try:
            times = self._times(source, clip.name, left)
        except ImageError as error:
            yield UnusablePhoto(clip.name, str(error))
            return
        reader = ClipReader(source)
        for seconds in times:
            yield ClipFrame(frame_path(clip.name, seconds), seconds, reader)

    def _times(self, source: ClipBytes, name: str, left: int) -> list[float]:
        if self.truncated == "fail":
            refuse_truncated(read_container(io.BytesIO(source.data)))
        info = clip_info(source)
        check_pixels(info.height, info.width, self.limits.max_pixels)
        count = self.choice.most(info)
        if count > left:
            raise ApiError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"clip '{shorten(name)}' has {count:,} frames to look at, with which the request is"
                f" over the limit of {self.limits.max_photos:,} photos: ask for fewer, such as"
                " ?frames=8",
            )
        return self.choice.times(source, info)

    def _check(self) -> None:
        if self.stopped.is_set():
            raise ImageError("nobody waits for the result any more")

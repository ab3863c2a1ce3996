"""The content of a request, whatever its protocol: events of photos or of network inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import ImageError
from ctc.images import oriented_size
from ctc.images.clips.reader import ClipReader
from ctc.inference.config import TruncatedPolicy
from ctc.inference.pipeline.inputs import STACK_SIZE, DecodeResult, decode_into_slot
from ctc.inference.task import PhotoInfo


class EncodedPhoto(Protocol):
    """A photo that is decoded from bytes."""

    @property
    def name(self) -> str:
        """What identifies it in the response."""

    def read(self, max_pixels: int) -> bytes:
        """Return the bytes; raises ImageError when they are no photo or have too many pixels."""


@dataclass(frozen=True)
class EncodedImage:
    """The bytes of a JPEG, PNG or the like; `name` identifies it in the response."""

    name: str
    data: bytes = field(repr=False)

    def read(self, max_pixels: int) -> bytes:
        """Return the bytes; raises ImageError when they are no photo or have too many pixels."""
        if not self.data:
            raise ImageError("empty file")
        height, width, _ = oriented_size(self.data)
        check_pixels(height, width, max_pixels)
        return self.data


@dataclass(frozen=True)
class UnusablePhoto:
    """A photo or clip that has been found to fail, and why."""

    name: str
    reason: str

    def read(self, max_pixels: int) -> bytes:
        """Raise ImageError with the reason."""
        raise ImageError(self.reason)


@dataclass(frozen=True)
class ClipFrame:
    """The frame of a clip, which is decoded when it is read; `name`: as 'clip.mp4#t=3.2'."""

    name: str
    seconds: float
    reader: ClipReader = field(repr=False)

    def read(self, max_pixels: int) -> bytes:
        """Return the frame as the bytes of a file; raises ImageError with the reason."""
        return self.reader.read(self.seconds)

    def load(self, max_pixels: int) -> EncodedImage | UnusablePhoto:
        """Return it decoded, or as a photo that fails."""
        try:
            return EncodedImage(self.name, self.read(max_pixels))
        except ImageError as error:
            return UnusablePhoto(self.name, str(error))


def check_pixels(height: int, width: int, max_pixels: int) -> None:
    """Raise ImageError for too many pixels."""
    if height * width > max_pixels:
        raise ImageError(f"{width} × {height} pixels, more than the limit of {max_pixels:,} pixels")


@dataclass(frozen=True)
class ImageArray:
    """A network input, uint8 (height, width, 3); `name` identifies it in the response."""

    name: str
    values: NDArray[np.uint8] = field(repr=False)

    def fill(
        self,
        slot: NDArray[np.uint8],
        preprocessing: Preprocessing,
        truncated: TruncatedPolicy,
        kept_size: tuple[int, int] | None = None,
    ) -> DecodeResult:
        """Copy the pixels into `slot`; see `Fillable`."""
        slot[...] = self.values
        kept = None if kept_size is None else self.values
        return DecodeResult((PhotoInfo(self.name, pixels=kept),), ())


@dataclass(frozen=True)
class EncodedInput:
    """The photos of one network input: one, or those of an event stacked as grey channels."""

    photos: tuple[EncodedPhoto, ...]
    max_pixels: int

    def load_frames(self) -> EncodedInput:
        """Return it with the frames of clips decoded, as many as it may show."""
        loaded: list[EncodedPhoto] = list(self.photos)
        frames = [at for at, photo in enumerate(loaded) if isinstance(photo, ClipFrame)]
        for at in frames[:STACK_SIZE]:
            frame = loaded[at]
            assert isinstance(frame, ClipFrame)
            loaded[at] = frame.load(self.max_pixels)
        return replace(self, photos=tuple(loaded))

    def fill(
        self,
        slot: NDArray[np.uint8],
        preprocessing: Preprocessing,
        truncated: TruncatedPolicy,
        kept_size: tuple[int, int] | None = None,
    ) -> DecodeResult:
        """Decode the photos into `slot`; see `Fillable`."""
        sources = [(photo.name, partial(photo.read, self.max_pixels)) for photo in self.photos]
        return decode_into_slot(sources, slot, preprocessing, truncated, kept_size=kept_size)


RequestInput = EncodedInput | ImageArray
RequestPhoto = EncodedImage | ClipFrame | UnusablePhoto | ImageArray


@dataclass(frozen=True)
class EventRequest:
    """The photos of one event, at least one; `id` identifies it in the response."""

    id: str
    photos: tuple[RequestPhoto, ...]

    def model_inputs(self, stacked: bool, max_pixels: int) -> Iterator[RequestInput]:
        """Yield its network inputs; `stacked`: all encoded photos make up a single one."""
        encoded = tuple(photo for photo in self.photos if not isinstance(photo, ImageArray))
        if stacked and encoded:
            yield EncodedInput(encoded, max_pixels)
            return
        for photo in self.photos:
            yield photo if isinstance(photo, ImageArray) else EncodedInput((photo,), max_pixels)


def group_by_event(photos: Sequence[tuple[str | None, EncodedImage]]) -> list[EventRequest]:
    """Group pairs of event id and photo into events, in the order of their first photos.

    A photo whose event id is None is an event of its own, with its name as id.
    """
    groups: dict[tuple[str, bool], list[EncodedImage]] = {}
    for number, (event, photo) in enumerate(photos):
        key = (str(number), False) if event is None else (event, True)
        groups.setdefault(key, []).append(photo)
    return [
        EventRequest(key[0] if key[1] else group[0].name, tuple(group))
        for key, group in groups.items()
    ]

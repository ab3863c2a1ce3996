"""What a request asks for, in whichever dialect it came: events of photos, or of arrays that are
network inputs already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import ImageError
from ctc.images import oriented_size
from ctc.images.exif import Exif
from ctc.inference.pipeline.inputs import DecodeResult, PhotoInfo, TruncatedPolicy, decode_into_slot


@dataclass(frozen=True)
class EncodedImage:
    """The bytes of a JPEG, PNG or the like, called `name` in answers."""

    name: str
    data: bytes = field(repr=False)

    def read(self, max_pixels: int) -> bytes:
        """The bytes; raises ImageError with the reason when they are no photo, or one that is too
        large."""
        if not self.data:
            raise ImageError("empty file")
        height, width, _ = oriented_size(self.data)
        if height * width > max_pixels:
            raise ImageError(
                f"{width} × {height} pixels, more than the {max_pixels:,} that this server takes"
            )
        return self.data


@dataclass(frozen=True)
class ImageArray:
    """A network input as it is, uint8 (height, width, 3), called `name` in answers."""

    name: str
    values: NDArray[np.uint8] = field(repr=False)

    def fill(
        self, slot: NDArray[np.uint8], preprocessing: Preprocessing, truncated: TruncatedPolicy
    ) -> DecodeResult:
        """See `Fillable`."""
        slot[...] = self.values
        return DecodeResult((PhotoInfo(self.name, Exif()),), ())


@dataclass(frozen=True)
class EncodedInput:
    """Photos that one network input shows: one, or those of an event that are stacked as grey
    channels."""

    photos: tuple[EncodedImage, ...]
    max_pixels: int

    def fill(
        self, slot: NDArray[np.uint8], preprocessing: Preprocessing, truncated: TruncatedPolicy
    ) -> DecodeResult:
        """See `Fillable`."""
        sources = [(photo.name, partial(photo.read, self.max_pixels)) for photo in self.photos]
        return decode_into_slot(sources, slot, preprocessing, truncated)


RequestInput = EncodedInput | ImageArray


@dataclass(frozen=True)
class EventRequest:
    """Photos whose answers become one; `id` is given back. One photo or more."""

    id: str
    photos: tuple[EncodedImage | ImageArray, ...]

    def model_inputs(self, stacked: bool, max_pixels: int) -> Iterator[RequestInput]:
        """Its network inputs."""
        encoded = tuple(photo for photo in self.photos if isinstance(photo, EncodedImage))
        if stacked and encoded:
            yield EncodedInput(encoded, max_pixels)
            return
        for photo in self.photos:
            yield EncodedInput((photo,), max_pixels) if isinstance(photo, EncodedImage) else photo


def group_by_event(photos: Sequence[tuple[str | None, EncodedImage]]) -> list[EventRequest]:
    """From (event id, photo) to events in the order of their first photos; a photo without an event
    is its own, with its name as id."""
    together: dict[tuple[str, bool], list[EncodedImage]] = {}
    for number, (event, photo) in enumerate(photos):
        key = (str(number), False) if event is None else (event, True)
        together.setdefault(key, []).append(photo)
    return [
        EventRequest(key[0] if key[1] else same[0].name, tuple(same))
        for key, same in together.items()
    ]

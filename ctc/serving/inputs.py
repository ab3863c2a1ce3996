"""The content of a request, whatever its protocol: events of photos or of network inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import ImageError
from ctc.images import oriented_size
from ctc.inference.config import TruncatedPolicy
from ctc.inference.pipeline.inputs import DecodeResult, decode_into_slot
from ctc.inference.task import PhotoInfo


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
        if height * width > max_pixels:
            raise ImageError(
                f"{width} × {height} pixels, more than the limit of {max_pixels:,} pixels"
            )
        return self.data


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

    photos: tuple[EncodedImage, ...]
    max_pixels: int

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


@dataclass(frozen=True)
class EventRequest:
    """The photos of one event, at least one; `id` identifies it in the response."""

    id: str
    photos: tuple[EncodedImage | ImageArray, ...]

    def model_inputs(self, stacked: bool, max_pixels: int) -> Iterator[RequestInput]:
        """Yield its network inputs; `stacked`: all encoded photos make up a single one."""
        encoded = tuple(photo for photo in self.photos if isinstance(photo, EncodedImage))
        if stacked and encoded:
            yield EncodedInput(encoded, max_pixels)
            return
        for photo in self.photos:
            yield EncodedInput((photo,), max_pixels) if isinstance(photo, EncodedImage) else photo


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

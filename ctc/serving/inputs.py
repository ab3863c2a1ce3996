"""What a request asks for, in whichever dialect it came: events of photos, or of arrays that are network inputs already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import ImageError
from ctc.images import upright_size
from ctc.images.exif import Exif
from ctc.inference.pipeline.inputs import Filled, Photo, Truncated, fill


@dataclass(frozen=True)
class Encoded:
    """The bytes of a JPEG, PNG or the like, called `name` in answers."""

    name: str
    data: bytes = field(repr=False)

    def read(self, most_pixels: int) -> bytes:
        """The bytes; raises ImageError with the reason when they are no photo, or one that is too large."""
        if not self.data:
            raise ImageError("empty file")
        height, width, _ = upright_size(self.data)
        if height * width > most_pixels:
            raise ImageError(f"{width} × {height} pixels, more than the {most_pixels:,} that this server takes")
        return self.data


@dataclass(frozen=True)
class Pixels:
    """A network input as it is, uint8 (height, width, 3), called `name` in answers."""

    name: str
    values: NDArray[np.uint8] = field(repr=False)

    def fill(self, slot: NDArray[np.uint8], preprocessing: Preprocessing, truncated: Truncated) -> Filled:
        """See `Fillable`."""
        slot[...] = self.values
        return Filled((Photo(self.name, Exif()),), ())


@dataclass(frozen=True)
class Shown:
    """Photos that one network input shows: one, or those of an event that are stacked as grey channels."""

    photos: tuple[Encoded, ...]
    most_pixels: int

    def fill(self, slot: NDArray[np.uint8], preprocessing: Preprocessing, truncated: Truncated) -> Filled:
        """See `Fillable`."""
        sources = [(photo.name, partial(photo.read, self.most_pixels)) for photo in self.photos]
        return fill(sources, slot, preprocessing, truncated)


Piece = Shown | Pixels


@dataclass(frozen=True)
class AskedEvent:
    """Photos whose answers become one; `id` is given back. One photo or more."""

    id: str
    photos: tuple[Encoded | Pixels, ...]

    def pieces(self, stacked: bool, most_pixels: int) -> Iterator[Piece]:
        """Its network inputs."""
        encoded = tuple(photo for photo in self.photos if isinstance(photo, Encoded))
        if stacked and encoded:
            yield Shown(encoded, most_pixels)
            return
        for photo in self.photos:
            yield Shown((photo,), most_pixels) if isinstance(photo, Encoded) else photo


def in_events(photos: Sequence[tuple[str | None, Encoded]]) -> list[AskedEvent]:
    """From (event id, photo) to events in the order of their first photos; a photo without an event is its own, with its name as id."""
    together: dict[tuple[str, bool], list[Encoded]] = {}
    for number, (event, photo) in enumerate(photos):
        key = (str(number), False) if event is None else (event, True)
        together.setdefault(key, []).append(photo)
    return [AskedEvent(key[0] if key[1] else same[0].name, tuple(same)) for key, same in together.items()]

"""Events to predict, and the protocol of their sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from hashlib import blake2b

from ctc.artifacts.boxes import Box

MetaScalar = str | int | float | None
PhotoData = bytes | NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Event:
    """One trigger of a camera.

    `images`: paths in time order, as given or found. `meta`: values for the output. `boxes`: the
    boxes of a detector, one per image, or empty. `in_memory`: empty, or one per image: the bytes
    of a file, or RGB pixels, uint8 (height, width, 3); None for a photo to be read from its path.
    `photo_meta`: the values of each image's own row, or empty where they are those of the event.
    """

    id: str
    images: tuple[str, ...]
    meta: Mapping[str, MetaScalar] = field(default_factory=dict)
    boxes: tuple[Box | None, ...] = ()
    in_memory: tuple[PhotoData | None, ...] = ()
    photo_meta: tuple[Mapping[str, MetaScalar], ...] = ()

    @property
    def metas(self) -> tuple[Mapping[str, MetaScalar], ...]:
        """The values of each image's own row."""
        return self.photo_meta or (self.meta,) * len(self.images)


class EventSource(Protocol):
    """Events of one source, which may be millions: each iteration reads them again, one by one."""

    @property
    def photos(self) -> int:
        """The number of photos of all events."""

    @property
    def meta_columns(self) -> tuple[str, ...]:
        """The meta columns, which each event has."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the source."""

    def ids(self) -> Iterator[str]:
        """Yield the ids of the events, and those its photos would have as events of their own."""

    def __iter__(self) -> Iterator[Event]:
        """Yield the events, in order; their ids differ."""

    def update_digest(self, digest: blake2b) -> None:
        """Add what the events depend on: the same digest means the same events."""

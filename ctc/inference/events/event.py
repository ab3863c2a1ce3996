"""What is predicted: events, from whatever source they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hashlib import blake2b

from ctc.artifacts.boxes import Box

MetaScalar = str | int | float | None


@dataclass(frozen=True, slots=True)
class Event:
    """One trigger of a camera: `images` are paths in time order, as given or found; `meta` is
    passed on to the output; `boxes`: where a detector found something, one per image or none at
    all."""

    id: str
    images: tuple[str, ...]
    meta: Mapping[str, MetaScalar] = field(default_factory=dict)
    boxes: tuple[Box | None, ...] = ()


class EventSource(Protocol):
    """Events of one origin, which may be millions: they are found anew, one by one, whenever they
    are asked for."""

    @property
    def photos(self) -> int:
        """How many photos the events have together."""

    @property
    def meta_columns(self) -> tuple[str, ...]:
        """The meta columns that every one of its events has."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the source."""

    def ids(self) -> Iterator[str]:
        """The ids of the events, and those that its photos would have if each were its own."""

    def __iter__(self) -> Iterator[Event]:
        """The events, in order; their ids differ."""

    def update_digest(self, digest: blake2b) -> None:
        """Feed what the events depend on: the same bytes mean the same events."""

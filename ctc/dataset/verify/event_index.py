"""Index of a dataset's events, to find those that are in two splits; 24 bytes per event."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import EventRecord
from ctc.storage.tfrecord import HEADER_BYTES

RecordLocation = tuple[str, str, int]
"""Split, file of the shard, offset of the record."""


def hash_event_id(event_id: str) -> int:
    """Return a 64-bit hash of an event's id."""
    return int.from_bytes(hashlib.blake2b(event_id.encode(), digest_size=8).digest(), "little")


class EventIndex:
    """The events of the shards in `folder`; the shards of a split are added one after another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards: list[tuple[str, str]] = []
        self._hashes: list[NDArray[np.uint64]] = [np.array([], np.uint64)]
        self._locations: list[NDArray[np.int64]] = [np.empty((0, 2), np.int64)]

    def add(self, split: str, file: str, events: Sequence[tuple[int, int]]) -> None:
        """Add the events of a shard, each as (hash of its id, offset of its record)."""
        shard = len(self._shards)
        self._shards.append((split, file))
        self._hashes.append(np.array([hashed for hashed, _ in events], np.uint64))
        self._locations.append(
            np.array([(shard, offset) for _, offset in events], np.int64).reshape(-1, 2)
        )

    def leaked_events(self) -> Iterator[tuple[str, RecordLocation, RecordLocation]]:
        """Yield the id of each event that is in two splits, and both locations."""
        hashes, locations = np.concatenate(self._hashes), np.concatenate(self._locations)
        order = np.argsort(hashes, kind="stable")
        names = [split for split, _ in self._shards]
        split = np.array([names.index(name) for name in names], np.int64)[locations[order, 0]]
        leaked = (hashes[order][1:] == hashes[order][:-1]) & (split[1:] != split[:-1])
        for i in np.flatnonzero(leaked):
            one, other = (self._location(*pair) for pair in locations[order[[i, i + 1]]].tolist())
            event_id = self._read_event_id(one)
            if event_id == self._read_event_id(other):
                yield event_id, one, other

    def _location(self, shard: int, offset: int) -> RecordLocation:
        return (*self._shards[shard], offset)

    def _read_event_id(self, location: RecordLocation) -> str:
        _, file, offset = location
        with (self._folder / file).open("rb") as handle:
            handle.seek(offset)
            (length,) = struct.unpack_from("<Q", handle.read(HEADER_BYTES))
            return EventRecord.decode(handle.read(length)).event_id

"""Where in a file of answers a photo or an event is, found by hashes: the file may have millions.

It takes about 110 bytes of memory and 10 µs for each photo that is an event of its own.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError
from ctc.inference.journal.lines import decode_line, is_end, read_lines
from ctc.inference.update.places import Places
from ctc.storage.remote_files import local_copy

Hashes = NDArray[np.int64]


class HashIndex:
    """The places of hashes in an array."""

    def __init__(self, hashes: Hashes) -> None:
        self._order = np.argsort(hashes, kind="stable")
        self._sorted = hashes[self._order]

    def find(self, value: int) -> list[int]:
        """Return all places of a hash."""
        start = np.searchsorted(self._sorted, value)
        end = np.searchsorted(self._sorted, value, side="right")
        places: list[int] = self._order[start:end].tolist()
        return places


@dataclass(frozen=True)
class AnswerIndex:
    """An index of a file of answers.

    `starts`, `ends`: where the lines of events begin and end. `paths`, `digests`: hashes of the
    photos, in order, and `events`: the event that each is in. `sizes`: those of all photos in
    bytes, sorted.
    """

    starts: Hashes
    ends: Hashes
    paths: Hashes
    digests: Hashes
    events: Hashes
    sizes: Hashes
    by_path: HashIndex
    by_contents: HashIndex

    @classmethod
    def read(cls, path: Path, places: Places) -> AnswerIndex:
        """Read a file of answers, of photos at `places`; raises InputError for a damaged one."""
        lines = _Lines(places)
        try:
            for line in read_lines(local_copy(path)):
                if is_end(line):
                    return lines.index()
                lines.add(line)
        except (TypeError, ValueError, IndexError, KeyError):
            raise _damaged(path) from None
        raise _damaged(path)  # it has no end

    def events_at(self, place: str) -> list[int]:
        """Return the events that may have a photo at this place."""
        return [int(self.events[photo]) for photo in self.by_path.find(hash(place))]

    def events_with(self, digests: Sequence[str]) -> list[int]:
        """Return the events that may have photos with these digests."""
        return self.by_contents.find(contents_key(digests))

    def has_size(self, size: int) -> bool:
        """Return whether any photo has this many bytes."""
        at = int(np.searchsorted(self.sizes, size))
        return at < len(self.sizes) and int(self.sizes[at]) == size


class _Lines:
    """The lines of a file of answers, one after the other."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._at, self._events = 0, -1  # the first line is the header
        self._offsets, self._keys = array("q"), array("q")
        self._paths, self._digests, self._event_of, self._sizes = (array("q") for _ in range(4))

    def add(self, line: bytes) -> None:
        """Take the next line."""
        if self._events >= 0:
            number, *record = decode_line(line)
            if number == self._events:  # an interrupted flush may have left a line twice
                self._add_event(*photos_of(record))
        else:
            self._events = 0
        self._at += len(line)

    def _add_event(self, photos: list[str], contents: list[Any]) -> None:
        self._offsets.append(self._at)
        self._keys.append(contents_key([one[0] for one in contents]) if contents else 0)
        for path, content in zip_longest(photos, contents):
            place = self._places.of(path)
            self._paths.append(hash(place))
            self._digests.append(hash(content[0] if content else place))
            self._event_of.append(self._events)
            if content:
                self._sizes.append(content[1])
        self._events += 1

    def index(self) -> AnswerIndex:
        """Return the index, after the last line."""
        ends = array("q", [*self._offsets[1:], self._at])
        paths, keys = _array(self._paths), _array(self._keys)
        return AnswerIndex(
            _array(self._offsets),
            _array(ends),
            paths,
            _array(self._digests),
            _array(self._event_of),
            np.unique(_array(self._sizes)),
            HashIndex(paths),
            HashIndex(keys),
        )


def photos_of(record: list[Any]) -> tuple[list[str], list[Any]]:
    """Return the paths of the photos of a record of the journal, and their contents if kept.

    See `ctc/inference/journal/records.py`.
    """
    event, contents = [*record[1:], None][:2]
    return [photo[0] for photo in event[3]] if event else [], contents or []


def contents_key(digests: Sequence[str]) -> int:
    """Return the hash of an event's contents, which is never 0."""
    return hash(tuple(digests)) or 1


def _array(values: array[int]) -> Hashes:
    return np.asarray(values, np.int64)


def _damaged(path: Path) -> InputError:
    return InputError(f"'{path}' is damaged: delete it, and predict everything again")

"""Find the events to predict in photos, folders and tables."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from itertools import combinations, groupby
from pathlib import Path

import numpy as np

from ctc.artifacts.cameras.clock_offsets import ClockOffsets
from ctc.artifacts.file_kind import describe_other_kind
from ctc.artifacts.model.promises import Unit
from ctc.errors import UsageError
from ctc.images import is_image_name
from ctc.images.clips.chooser import FrameChooser
from ctc.images.clips.frame_choice import FrameChoice
from ctc.images.clips.names import is_clip_name
from ctc.images.listing.folders import FolderPhotos, find_photos
from ctc.images.listing.photo_table import TableColumns
from ctc.inference.config import TruncatedPolicy
from ctc.inference.events.event import Event, EventSource
from ctc.inference.events.photos import UngroupedPhotos
from ctc.inference.events.table import (
    CSV_SUFFIXES,
    INVENTORY_SUFFIXES,
    EventTable,
    read_csv,
    read_inventory,
)
from ctc.storage.paths import is_http, is_remote

DEFAULT_CHOICE = FrameChoice()


@dataclass(frozen=True)
class EventCollection:
    """The events of all sources, one source after the other.

    Their ids differ, and all have the same meta columns.
    """

    sources: tuple[EventSource, ...]
    clock_notes: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the sources."""
        notes = (note for source in self.sources for note in source.notes)
        return (*self.clock_notes, *notes)

    @property
    def unit(self) -> Unit:
        """Whether events may have several photos, or each photo is an event of its own."""
        single = all(isinstance(one, UngroupedPhotos) and one.is_single for one in self.sources)
        return "photo" if single else "event"

    @cached_property
    def photos(self) -> int:
        """The number of photos."""
        return sum(source.photos for source in self.sources)

    @cached_property
    def meta_columns(self) -> tuple[str, ...]:
        """The meta columns of all sources, in order of appearance."""
        return tuple(dict.fromkeys(name for source in self.sources for name in source.meta_columns))

    @cached_property
    def digest(self) -> str:
        """The digest of the events: two runs with the same one predict the same events."""
        digest = blake2b(digest_size=16)
        for source in self.sources:
            source.update_digest(digest)
        return digest.hexdigest()

    def __iter__(self) -> Iterator[Event]:
        nothing = dict.fromkeys(self.meta_columns)
        for source in self.sources:
            for event in source:
                yield _with_columns(event, nothing) if nothing else event


def _with_columns(event: Event, nothing: dict[str, None]) -> Event:
    """Return the event with a value for each of the columns `nothing`, and its photos alike."""
    photo_meta = tuple({**nothing, **meta} for meta in event.photo_meta)
    return replace(event, meta={**nothing, **event.meta}, photo_meta=photo_meta)


def find_events(
    sources: Sequence[Path],
    columns: TableColumns | None = None,
    image_root: Path | None = None,
    max_gap: float | None = None,
    frames: FrameChoice = DEFAULT_CHOICE,
    offsets: ClockOffsets | None = None,
    truncated: TruncatedPolicy = "use",
) -> EventCollection:
    """Read every source once, before anything is predicted, and return its events.

    `columns`: the columns of the CSV files among the sources that hold event ids and photos.
    `image_root`: where relative paths in tables start; by default the folder of the CSV, or what
    the inventory says. `max_gap`, `offsets`: see `UngroupedPhotos`. `frames`: which frames of clips
    are used. `truncated`: whether clips that are cut off are used, or fail.
    Raises CtcError for a source that is missing, unreadable, empty, of no known kind, or given
    twice.
    """
    if not sources:
        raise UsageError("nothing to predict: give photos, folders, a CSV or an inventory")
    _check_overlap(sources)
    chooser = FrameChooser(frames, truncated)
    opened = [
        part for source in sources for part in _open_source(source, columns, image_root, chooser)
    ]
    found = tuple(_merge_ungrouped_photos(opened, max_gap, chooser, offsets))
    if columns is not None and not any(source.suffix.lower() in CSV_SUFFIXES for source in sources):
        raise UsageError(
            "--image is for a column of a CSV file, but no CSV file is among the sources"
        )
    if image_root is not None and not any(isinstance(part, EventTable) for part in found):
        raise UsageError(
            "--image-root is for the paths in a CSV or an inventory, but none is among the sources"
        )
    if max_gap is not None and not any(isinstance(part, UngroupedPhotos) for part in found):
        raise UsageError(
            "--events-within groups photos that are given directly or in folders,"
            " but none are among the sources"
        )
    _check_ids(found)
    return EventCollection(found)


def _open_source(
    source: Path, columns: TableColumns | None, image_root: Path | None, chooser: FrameChooser
) -> Iterator[FolderPhotos | EventTable]:
    suffix = source.suffix.lower()
    if not (source.exists() if is_remote(source) else os.path.lexists(source)):
        raise UsageError(f"'{source}' is not there: give photos, folders, a CSV or an inventory")
    if other := describe_other_kind(source, "photos"):
        raise UsageError(other)
    if source.is_dir():
        found = find_photos(source, clips=True)
        yield from found.folders
        # reading one as a photo makes it a failure, with the reason
        yield from (_as_photo(folder) for folder, _ in found.unreadable)
    elif is_http(source) and _is_photo(str(source).partition("?")[0].rpartition("/")[2]):
        yield FolderPhotos.from_names("", [str(source)])  # what follows a '?' may hold a '/'
    elif _is_photo(source.name):
        yield FolderPhotos.from_names(str(source).removesuffix(source.name), [source.name])
    elif suffix in CSV_SUFFIXES:
        yield read_csv(source, columns, image_root, chooser)
    elif suffix in INVENTORY_SUFFIXES:
        yield read_inventory(source, image_root, chooser)
    else:
        raise UsageError(
            f"'{source}' is neither a photo, a clip, a folder, a CSV nor an inventory (.parquet)"
        )


def _is_photo(name: str) -> bool:
    return is_image_name(name) or is_clip_name(name)


def _as_photo(path: str) -> FolderPhotos:
    separator = "/" if is_remote(path) else os.sep
    name = path.rpartition(separator)[2]
    return FolderPhotos.from_names(path.removesuffix(name), [name])


def _merge_ungrouped_photos(
    found: Sequence[FolderPhotos | EventTable],
    max_gap: float | None,
    chooser: FrameChooser,
    offsets: ClockOffsets | None,
) -> Iterator[EventSource]:
    """Merge consecutive photos of one folder, so that bursts are found among them."""
    for part in found:
        if isinstance(part, FolderPhotos) and part.may_have_clips:
            chooser.expand_all(part)
    notes = chooser.notes()
    for ungrouped, parts in groupby(found, lambda part: isinstance(part, FolderPhotos)):
        if not ungrouped:
            yield from (part for part in parts if isinstance(part, EventTable))
            continue
        folders = (part for part in parts if isinstance(part, FolderPhotos))
        merged = groupby(folders, lambda part: part.prefix)
        packed = ((prefix, b"".join(part.packed for part in same)) for prefix, same in merged)
        photos = (FolderPhotos(prefix, names) for prefix, names in packed)
        shown = tuple(_with_frames(one, chooser) for one in photos)
        yield UngroupedPhotos(shown, max_gap, notes, offsets)
        notes = ()


def _with_frames(photos: FolderPhotos, chooser: FrameChooser) -> FolderPhotos:
    """Return the photos with the frames of each clip in its place."""
    if not photos.may_have_clips:
        return photos
    frames = chooser.expand_all(photos)
    return FolderPhotos.from_names(
        photos.prefix, [path.removeprefix(photos.prefix) for path in frames]
    )


def _check_overlap(sources: Sequence[Path]) -> None:
    """Raise UsageError if a photo would be given twice, as two events with the same id."""
    given: dict[Path, Path] = {}
    for source in sources:
        path = source if is_remote(source) else Path(os.path.normpath(source.absolute()))
        if path in given:
            raise UsageError(f"'{source}' is given twice: leave one out")
        given[path] = source
    for path, source in given.items():
        holder = next(
            (parent for parent in path.parents if parent in given and parent != path), None
        )
        if holder and source.suffix.lower() not in (*CSV_SUFFIXES, *INVENTORY_SUFFIXES):
            raise UsageError(
                f"'{source}' is inside '{given[holder]}', which is given as well: leave one out"
            )


def _check_ids(found: Sequence[EventSource]) -> None:
    if not any(isinstance(source, EventTable) for source in found):
        return
    for first, second in combinations(found, 2):
        both = _common_id(first, second)
        tables = [source for source in (first, second) if isinstance(source, EventTable)]
        if both is not None and len(tables) == 2:
            where = f"in '{tables[0].path}' and in '{tables[1].path}'"
            raise UsageError(f"event '{both}' is {where}: predict them one after the other")
        if both is not None and tables:
            raise UsageError(
                f"'{both}' is a photo and the id of an event in a table:"
                " predict them one after the other"
            )


def _common_id(first: EventSource, second: EventSource) -> str | None:
    """Return an id that both have, or None.

    Hashes are compared first, since the ids themselves may not fit into memory.
    """
    common = np.intersect1d(_hashes(first), _hashes(second))
    if not len(common):
        return None
    wanted = set(common.tolist())
    both = {name for name in first.ids() if hash(name) in wanted} & {
        name for name in second.ids() if hash(name) in wanted
    }
    return min(both, default=None)


def _hashes(source: EventSource) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.fromiter(map(hash, source.ids()), np.int64)

"""Summarize an inventory.

Counting works on whole columns, so that five million observations take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ctc.artifacts.arrow_columns import DATETIME, LOCATION, Ints, factorize
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.images.clips.names import split_frame_path
from ctc.inventory.box_counts import BoxCounts, count_boxes
from ctc.inventory.camera_counts import CameraCounts, count_cameras
from ctc.inventory.checks.photo_uses import PhotoUses, photo_uses
from ctc.reporting import counted, one_line

if TYPE_CHECKING:
    import pyarrow as pa

MAX_CLASSES = 8
MAX_EXAMPLES = 20


@dataclass(frozen=True)
class ClassCounts:
    """Observations per class of a label, most frequent first, and observations without it."""

    classes: Mapping[str, int]
    missing: int


@dataclass(frozen=True)
class LocationCounts:
    """Events and photos of one location."""

    events: int
    photos: int


@dataclass(frozen=True)
class TimeSpan:
    """First and last ISO 8601 time in the column `datetime`.

    `missing`: observations without a value. `unclear`: observations with another value.
    """

    first: str | None
    last: str | None
    missing: int
    unclear: int


@dataclass(frozen=True)
class SharedPhoto:
    """A photo that is in more than one event: the number of events, and the first of them."""

    path: str
    events: int
    first_events: tuple[str, ...]


@dataclass(frozen=True)
class InventorySummary:
    """Everything that `ctc inventory show` prints.

    - `locations`: sorted by number of events, most first; None without a column `location`.
    - `no_location`: number of events without a location.
    - `photos_per_event`, `observations_per_event`: number → events with that number.
    - `shared_photos`: number of photos in more than one event; `first_shared`: some of them.
    - `meta`: column → distinct values; in a column of lists, the values in the lists.
    - `left_out`: reason → source entries.
    - `clips`: number of clips, whose frames are among the photos.
    - `cameras`: what they tell of themselves; None without `--camera-data`.
    - `boxes`: those of the photos; None without a column of boxes.
    """

    image_root: str
    observations: int
    events: int
    photos: int
    labels: Mapping[str, ClassCounts]
    locations: Mapping[str, LocationCounts] | None
    no_location: int
    photos_per_event: Mapping[int, int]
    observations_per_event: Mapping[int, int]
    time: TimeSpan | None
    shared_photos: int
    first_shared: tuple[SharedPhoto, ...]
    meta: Mapping[str, int]
    left_out: Mapping[str, int]
    boxes: BoxCounts | None = None
    clips: int = 0
    cameras: CameraCounts | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON, with the names of the fields."""
        return asdict(self)


def summary_lines(inventory: Inventory) -> Iterator[str]:
    """Yield the numbers of observations, events and photos, the largest classes, the cameras."""
    import pyarrow.compute as pc

    table = inventory.table
    events = pc.count_distinct(table[EVENT_ID]).as_py()
    photos = pc.count_distinct(pc.list_flatten(table[IMAGES])).as_py()
    rows = counted(table.num_rows, "observation")
    clips = _count_clips(pc.unique(pc.list_flatten(table[IMAGES])))
    more = f", of them frames of {counted(clips, 'clip')}" if clips else ""
    yield f"{rows} of {counted(events, 'event')} with {counted(photos, 'photo')}{more}"
    for label in inventory.labels:
        counts = class_counts(inventory, label)
        largest = list(counts.classes.items())[:MAX_CLASSES]
        text = ", ".join(f"{one_line(name)} ({count:,})" for name, count in largest)
        hidden = len(counts.classes) - MAX_CLASSES
        more = f", and {hidden} more" if hidden > 0 else ""
        missing = f"missing ({counts.missing:,})" if counts.missing else ""
        yield f"{one_line(label)}: {'; '.join(filter(None, (text + more, missing)))}"
    if cameras := count_cameras(inventory):
        yield f"cameras: {one_line(cameras.description)}"


def summarize(inventory: Inventory) -> InventorySummary:
    """Summarize the whole inventory."""
    uses = photo_uses(inventory)
    photos = np.bincount(uses.event, minlength=len(uses.event_ids))
    locations, no_location = _location_counts(inventory, uses, photos)
    return InventorySummary(
        image_root=inventory.image_root.as_posix(),
        observations=inventory.table.num_rows,
        events=len(uses.event_ids),
        photos=len(uses.paths),
        labels={label: class_counts(inventory, label) for label in inventory.labels},
        locations=locations,
        no_location=no_location,
        photos_per_event=_histogram(photos),
        observations_per_event=_histogram(
            np.bincount(uses.event_of_row, minlength=len(uses.event_ids))
        ),
        time=_time_span(inventory.table[DATETIME]) if DATETIME in inventory.meta else None,
        shared_photos=int(uses.is_shared().sum()),
        first_shared=_first_shared(uses),
        meta={name: _count_distinct(inventory.table[name]) for name in inventory.meta},
        left_out=dict(inventory.left_out),
        boxes=count_boxes(inventory),
        clips=_count_clips(uses.paths),
        cameras=count_cameras(inventory),
    )


def _count_clips(paths: pa.Array) -> int:
    """Return how many clips the frames among these paths are of."""
    import pyarrow.compute as pc

    frames = paths.filter(pc.match_substring(paths, "#t="))
    clips = {frame.clip for path in frames.to_pylist() if (frame := split_frame_path(path))}
    return len(clips)


def class_counts(inventory: Inventory, label: str) -> ClassCounts:
    """Count the observations of each class of the label."""
    import pyarrow.compute as pc

    counted = pc.value_counts(inventory.table[label])
    counts = {entry["values"]: entry["counts"] for entry in counted.to_pylist()}
    missing = counts.pop(None, 0)
    return ClassCounts(
        dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))), missing
    )


def _location_counts(
    inventory: Inventory, uses: PhotoUses, photos: Ints
) -> tuple[dict[str, LocationCounts] | None, int]:
    """Count events and photos per location, and events without one.

    The location of an event is that of its first row.
    """
    if LOCATION not in inventory.meta:
        return None, 0
    names, of_row = factorize(inventory.table[LOCATION])
    of_event = np.full(len(photos), -1)
    of_event[uses.event_of_row[::-1]] = of_row[::-1]
    known = of_event >= 0
    events = np.bincount(of_event[known], minlength=len(names))
    taken = np.bincount(of_event[known], photos[known], minlength=len(names)).astype(int)
    order = np.argsort(-events, kind="stable")
    values = names.to_pylist()
    locations = {
        str(values[i]): LocationCounts(int(events[i]), int(taken[i])) for i in order if events[i]
    }
    return locations, int((~known).sum())


def _histogram(counts: Ints) -> dict[int, int]:
    values, events = np.unique(counts, return_counts=True)
    return dict(zip(values.tolist(), events.tolist(), strict=True))


def _time_span(column: pa.ChunkedArray) -> TimeSpan:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.replace_substring(
        _flatten_lists(column).cast(pa.string()), " ", "T", max_replacements=1
    )
    clear = pc.fill_null(pc.match_substring_regex(text, r"^\d{4}-\d\d-\d\d(T\d\d:\d\d|$)"), False)
    span = pc.min_max(text.filter(clear)).as_py()
    unclear = len(text) - text.null_count - pc.sum(clear, min_count=0).as_py()
    return TimeSpan(span["min"], span["max"], text.null_count, unclear)


def _first_shared(uses: PhotoUses) -> tuple[SharedPhoto, ...]:
    photos = np.flatnonzero(uses.is_shared())[:MAX_EXAMPLES].tolist()
    events = [uses.events_of(photo) for photo in photos]
    return tuple(
        SharedPhoto(uses.paths[photo].as_py(), len(ids), tuple(ids[:MAX_EXAMPLES]))
        for photo, ids in zip(photos, events, strict=True)
    )


def _count_distinct(column: pa.ChunkedArray) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    values = _flatten_lists(column)
    return 0 if pa.types.is_null(values.type) else int(pc.count_distinct(values).as_py())


def _flatten_lists(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values of a column; for a column of lists, the values in the lists."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.list_flatten(column) if pa.types.is_list(column.type) else column

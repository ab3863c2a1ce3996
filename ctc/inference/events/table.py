"""Events from a table: a CSV with columns for event and images, or an inventory.

A table may have millions of rows: each iteration reads it again, row by row. Only a number per
event and the events whose rows are not contiguous are kept in memory.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ctc.artifacts.boxes import BOX_COLUMNS, BOX_CONFIDENCE, Box, boxes_from_columns
from ctc.errors import InputError, UsageError, require_extra
from ctc.images.clips.chooser import FrameChooser
from ctc.images.clips.names import is_clip_path
from ctc.images.listing.photo_table import (
    PhotoTable,
    TableColumns,
    looks_like_data,
    open_photo_table,
)
from ctc.inference.events.event import Event, MetaScalar
from ctc.reporting import counted
from ctc.storage.csv_reader import open_table
from ctc.storage.paths import join_path
from ctc.storage.remote_files import local_copy

CSV_SUFFIXES = (".csv", ".tsv")
INVENTORY_SUFFIXES = (".parquet",)
_BATCH_ROWS = 1_000


class EventRow(NamedTuple):
    """A row of a table, or the merged rows of one event.

    `images`: paths that can be opened. `boxes`: one per image, or empty. `photo_meta`: see `Event`.
    """

    images: tuple[str, ...]
    meta: Mapping[str, MetaScalar]
    boxes: tuple[Box | None, ...] = ()
    photo_meta: tuple[Mapping[str, MetaScalar], ...] = ()

    @property
    def metas(self) -> tuple[Mapping[str, MetaScalar], ...]:
        """The values of each image's own row."""
        return self.photo_meta or (self.meta,) * len(self.images)


RowReader = Callable[[], Iterator[tuple[str, EventRow]]]


@dataclass(frozen=True)
class EventTable:
    """The events of a table, in order of appearance.

    Rows with the same id are one event, with the images of all of them in order, and the meta
    values of the first. `root`: where relative paths start. `layout`: what else the events depend
    on. `non_contiguous`: the events whose rows are not contiguous.
    """

    path: Path
    root: Path
    meta_columns: tuple[str, ...]
    layout: str
    read_rows: RowReader = field(repr=False)
    non_contiguous: Mapping[str, EventRow]
    photos: int
    notes: tuple[str, ...]

    def ids(self) -> Iterator[str]:
        return (event_id for event_id, _ in self._events())

    def __iter__(self) -> Iterator[Event]:
        return (
            Event(event_id, row.images, row.meta, row.boxes, photo_meta=row.photo_meta)
            for event_id, row in self._events()
        )

    def update_digest(self, digest: blake2b) -> None:
        digest.update(f"table\0{self.root}\0{self.layout}\0".encode(errors="surrogateescape"))
        with local_copy(self.path).open("rb") as file:
            digest.update(file_digest(file, "blake2b").digest())

    def _events(self) -> Iterator[tuple[str, EventRow]]:
        pending = dict(self.non_contiguous)
        for event_id, row in _merge_rows(self.read_rows()):
            if event_id not in self.non_contiguous:
                yield event_id, row
            elif event_id in pending:
                yield event_id, pending.pop(event_id)


class _CsvRows:
    """Reads the rows of a table; the lines that had no event id in the last reading are counted."""

    def __init__(
        self, table: PhotoTable, root: Path, meta: Mapping[str, int], chooser: FrameChooser
    ) -> None:
        self._table, self._root, self._meta, self._chooser = table, root, meta, chooser
        self.without_id: list[int] = []

    def __call__(self) -> Iterator[tuple[str, EventRow]]:
        self.without_id = []
        for row in self._table.rows():
            if not row.event_id:
                self.without_id.append(row.line)
                continue
            given = [join_path(self._root, image) for image in row.images]
            images, _ = _expand(given, self._chooser)
            values = {name: row.cells[index] for name, index in self._meta.items()}
            yield row.event_id, EventRow(images, values)

    def notes(self, path: Path) -> tuple[str, ...]:
        if not self.without_id:
            return ()
        name = "photo" if self._table.columns.event_id is None else "event id"
        count = counted(len(self.without_id), f"row without {name}", f"rows without {name}")
        return (f"'{path}': {count} left out (first: line {self.without_id[0]})",)


def read_csv(
    path: Path,
    columns: TableColumns | None,
    image_root: Path | None = None,
    chooser: FrameChooser | None = None,
) -> EventTable:
    """Read a CSV; an empty image cell is no image, a row without an event id is left out.

    `chooser`: chooses the frames of clips.

    Raises CtcError for a missing column, or a file that can't be read.
    """
    if columns is None:
        names = list(open_table(path).columns)
        listed = ", ".join(f"'{name}'" for name in names)
        headless = "; without a header, add --no-header and give numbers"
        raise UsageError(
            f"the columns of '{path}' with photos and events are not known: give --image, "
            f"and --event-id where an event has several rows; it has {listed}"
            + headless
            * looks_like_data(names)
        )
    table = open_photo_table(path, columns)
    meta = {
        name: index
        for name, index in table.table.columns.items()
        if name not in (columns.event_id, *columns.images)
    }
    root = path.parent if image_root is None else image_root
    chooser = chooser or FrameChooser()
    rows = _CsvRows(table, root, meta, chooser)
    events = _scan(path, root, tuple(meta), repr(columns), rows)
    layout = events.layout + f"\0{chooser.choice}" * chooser.found_clips
    return replace(events, layout=layout, notes=events.notes + rows.notes(path) + chooser.notes())


def read_inventory(
    path: Path, image_root: Path | None = None, chooser: FrameChooser | None = None
) -> EventTable:
    """Read an inventory, with its meta columns, without its labels; `chooser`: see `read_csv`."""
    require_extra(f"reading the inventory '{path}'", "data", ["pyarrow"])
    from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory

    inventory = Inventory.read(path)
    root = inventory.image_root if image_root is None else image_root
    chooser = chooser or FrameChooser()
    has_boxes = set(BOX_COLUMNS) <= set(inventory.meta)
    wanted = (*BOX_COLUMNS, BOX_CONFIDENCE) if has_boxes else ()
    box_columns = tuple(name for name in wanted if name in inventory.meta)
    meta = tuple(name for name in inventory.meta if name not in box_columns)
    table = inventory.table.select([EVENT_ID, IMAGES, *meta, *box_columns])

    def rows() -> Iterator[tuple[str, EventRow]]:
        for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
            for row in batch.to_pylist():
                given = [join_path(root, image) for image in row[IMAGES] or ()]
                images, places = _expand(given, chooser)
                sides = [row[name] for name in BOX_COLUMNS] if has_boxes else []
                boxes = boxes_from_columns(sides, len(given), row.get(BOX_CONFIDENCE))
                values = {name: _to_meta_scalar(row[name]) for name in meta}
                of_photos = _photo_meta({name: row[name] for name in meta}, values, len(given))
                if places is not None:
                    boxes = tuple(boxes[at] for at in places)
                    of_photos = tuple(of_photos[at] for at in places) if of_photos else ()
                yield (
                    row[EVENT_ID],
                    EventRow(images, values, boxes if has_boxes else (), of_photos),
                )

    events = _scan(path, root, meta, "inventory", rows)
    layout = events.layout + f"\0{chooser.choice}" * chooser.found_clips
    return replace(events, layout=layout, notes=events.notes + chooser.notes())


def _expand(
    given: list[str], chooser: FrameChooser
) -> tuple[tuple[str, ...], tuple[int, ...] | None]:
    """Return the paths with the frames of each clip in its place, and the place of each in `given`;
    None for the places if there is no clip."""
    if not any(map(is_clip_path, given)):
        return tuple(given), None
    frames = [(frame, at) for at, path in enumerate(given) for frame in chooser.expand(path)]
    return tuple(frame for frame, _ in frames), tuple(at for _, at in frames)


def _scan(
    path: Path, root: Path, meta: tuple[str, ...], layout: str, read_rows: RowReader
) -> EventTable:
    differing: Counter[str] = Counter()
    hashes = array("q")
    photos = 0
    for event_id, row in _merge_rows(read_rows(), differing):
        hashes.append(hash(event_id))
        photos += len(row.images)
    if not hashes:
        raise InputError(f"'{path}' has no rows: there is nothing to predict")
    if not photos:
        raise InputError(
            f"'{path}' has no photos: the image cells of {counted(len(hashes), 'event')} are empty"
        )
    values, counts = np.unique(np.asarray(hashes), return_counts=True)
    repeated = set(values[counts > 1].tolist())
    non_contiguous: dict[str, EventRow] = {}
    for event_id, row in _merge_rows(read_rows()) if repeated else ():
        if hash(event_id) in repeated:
            known = non_contiguous.get(event_id)
            merged = _merge_pair(known, row, differing) if known else row
            photos += len(merged.images) - len(row.images) - (len(known.images) if known else 0)
            non_contiguous[event_id] = merged
    notes = tuple(
        f"'{path}': {counted(count, 'row')} {'differs' if count == 1 else 'differ'} in '{name}' "
        "from an earlier row of the same event, whose value is kept"
        for name, count in differing.items()
    )
    return EventTable(path, root, meta, layout, read_rows, non_contiguous, photos, notes)


def _merge_rows(
    rows: Iterable[tuple[str, EventRow]], differing: Counter[str] | None = None
) -> Iterator[tuple[str, EventRow]]:
    """Merge consecutive rows with the same id.

    `differing` counts, per meta column, the rows whose value is not that of the first.
    """
    differing = Counter() if differing is None else differing
    current: tuple[str, EventRow] | None = None
    for event_id, row in rows:
        if current and current[0] == event_id:
            current = event_id, _merge_pair(current[1], row, differing)
            continue
        if current:
            yield current
        current = event_id, row
    if current:
        yield current


def _merge_pair(first: EventRow, row: EventRow, differing: Counter[str]) -> EventRow:
    """Add the images of `row` that `first` doesn't have yet."""
    differing.update(name for name, value in row.meta.items() if value != first.meta[name])
    new = [index for index, image in enumerate(row.images) if image not in first.images]
    images = first.images + tuple(row.images[index] for index in new)
    boxes = first.boxes + tuple(row.boxes[index] for index in new if row.boxes)
    is_alike = not (first.photo_meta or row.photo_meta) and row.meta == first.meta
    if is_alike or not new:
        return EventRow(images, first.meta, boxes, first.photo_meta)
    photo_meta = first.metas + tuple(row.metas[index] for index in new)
    return EventRow(images, first.meta, boxes, photo_meta)


def _photo_meta(
    row: Mapping[str, Any], values: Mapping[str, MetaScalar], images: int
) -> tuple[Mapping[str, MetaScalar], ...]:
    """Return the values of each photo if the row has columns with a value per photo, or ()."""
    lists = {name: value for name, value in row.items() if isinstance(value, list)}
    if not lists:
        return ()
    return tuple(
        {**values, **{name: value[at] for name, value in lists.items() if at < len(value)}}
        for at in range(images)
    )


def _to_meta_scalar(value: object) -> MetaScalar:
    return value if value is None or isinstance(value, str | int | float) else str(value)

"""Convert a stream of observations to a table.

Observations are converted in chunks, since there may be tens of millions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from ctc.artifacts.boxes import columns_from_boxes
from ctc.artifacts.inventory import EVENT_ID, IMAGES
from ctc.errors import PluginError, UsageError
from ctc.inventory.left_out import LeftOutLog
from ctc.plugin.records import LeftOut, Observation
from ctc.reporting import counted

if TYPE_CHECKING:
    import pyarrow as pa

    Columns = dict[str, pa.Array]

CHUNK_SIZE = 50_000


def build_table(
    entries: Iterable[Observation | LeftOut], left_out: LeftOutLog, chunk_size: int = CHUNK_SIZE
) -> tuple[pa.Table, tuple[str, ...]]:
    """Return a table of the observations, and the names of its label columns.

    Entries that are not observations go to `left_out`. A label or meta column that some
    observations lack is null there. Meta columns of numbers hold numbers, those of tuples hold
    lists of numbers or text, those of mixed types hold text; boxes become `BOX_COLUMNS`. Raises
    UsageError if two columns have the same name, PluginError if the input format gave something
    else.
    """
    import pyarrow as pa

    observations = _valid_observations(entries, left_out)
    labels: dict[str, None] = {}
    meta: dict[str, None] = {}
    chunks: list[Columns] = []
    while chunk := list(islice(observations, chunk_size)):
        _add_names(labels, (entry.labels for entry in chunk))
        _add_names(meta, (entry.meta for entry in chunk))
        _check_names([EVENT_ID, IMAGES, *labels, *meta])
        chunks.append(_unicode_columns(chunk, labels, meta, left_out))
    names = (EVENT_ID, IMAGES, *labels, *meta)
    return pa.table({name: _concat_column(chunks, name) for name in names}), tuple(labels)


def _valid_observations(
    entries: Iterable[Observation | LeftOut], left_out: LeftOutLog
) -> Iterator[Observation]:
    for entry in entries:
        if isinstance(entry, LeftOut):
            left_out.add(entry)
        elif not isinstance(entry, Observation):
            raise PluginError(
                f"an input format gave a {type(entry).__name__}, not an Observation or a LeftOut"
            )
        elif not entry.images:
            left_out.add(LeftOut(entry.event_id, "no image"))
        else:
            yield _with_box_columns(entry) if entry.boxes else entry


def _with_box_columns(entry: Observation) -> Observation:
    """Return the observation with its boxes as meta columns."""
    if len(entry.boxes) != len(entry.images):
        raise PluginError(
            f"an input format gave the event '{entry.event_id}' {len(entry.boxes)} boxes for "
            f"{counted(len(entry.images), 'image')}"
        )
    return replace(entry, meta={**entry.meta, **columns_from_boxes(entry.boxes)}, boxes=())


def _add_names(names: dict[str, None], mappings: Iterable[Mapping[str, Any]]) -> None:
    for mapping in mappings:
        if not mapping.keys() <= names.keys():
            names.update(dict.fromkeys(mapping))


def _check_names(names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        duplicate = next(name for i, name in enumerate(names) if name in names[:i])
        raise UsageError(
            f"'{duplicate}' can't be used as a column name twice: rename the column in the source"
        )


def _unicode_columns(
    chunk: list[Observation], labels: Iterable[str], meta: Iterable[str], left_out: LeftOutLog
) -> Columns:
    """Build the columns of a chunk without observations whose text is not valid Unicode."""
    try:
        return _build_columns(chunk, labels, meta)
    except UnicodeEncodeError:
        valid = [entry for entry in chunk if _is_unicode(entry)]
        for entry in chunk:
            if not _is_unicode(entry):
                left_out.add(
                    LeftOut(ascii(entry.event_id), "a name that is not Unicode: rename the file")
                )
        return _build_columns(valid, labels, meta)


def _is_unicode(entry: Observation) -> bool:
    texts = chain(
        [entry.event_id],
        entry.images,
        entry.labels.values(),
        *(value if isinstance(value, tuple) else (value,) for value in entry.meta.values()),
    )
    try:
        "".join(text for text in texts if isinstance(text, str)).encode()
    except UnicodeEncodeError:
        return False
    return True


def _build_columns(
    chunk: Sequence[Observation], labels: Iterable[str], meta: Iterable[str]
) -> Columns:
    import pyarrow as pa

    text = pa.string()
    try:
        columns = {
            EVENT_ID: pa.array([entry.event_id for entry in chunk], text),
            IMAGES: pa.array([entry.images for entry in chunk], pa.list_(text)),
            **{
                name: pa.array([entry.labels.get(name) for entry in chunk], text) for name in labels
            },
        }
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise PluginError(
            f"an input format gave an event id, image or label that is not text: {error}"
        ) from None
    return columns | {
        name: _infer_array([entry.meta.get(name) for entry in chunk]) for name in meta
    }


def _infer_array(values: list[Any]) -> pa.Array:
    """Build an array of the type that all values have, or of text."""
    import pyarrow as pa

    try:
        return pa.array(values, _list_type(values))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _string_array(values)


def _list_type(values: Iterable[Any]) -> pa.DataType | None:
    """Return the type of a list if there are tuples: of text, of numbers, or with only null."""
    import pyarrow as pa

    tuples = [value for value in values if isinstance(value, tuple)]
    if not tuples:
        return None
    parts = {type(part) for value in tuples for part in value} - {type(None)}
    return pa.list_(pa.string() if str in parts else pa.float64() if parts else pa.null())


def _string_array(values: Iterable[Any]) -> pa.Array:
    import pyarrow as pa

    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _concat_column(chunks: Sequence[Columns], name: str) -> pa.ChunkedArray:
    """Concatenate a column of all chunks; null where a chunk lacks it."""
    import pyarrow as pa

    arrays = [chunk.get(name, pa.nulls(len(chunk[EVENT_ID]))) for chunk in chunks]
    known = {array.type for array in arrays} - {pa.null()}
    types = known - {pa.list_(pa.null())}
    if types == {pa.int64(), pa.float64()}:
        types = {pa.float64()}
    if len(types) <= 1:
        unknown = pa.list_(pa.float64()) if known else pa.string()
        common = types.pop() if types else unknown
        with suppress(pa.ArrowInvalid):  # an integer that float64 can't hold
            return pa.chunked_array([array.cast(common) for array in arrays], common)
    return pa.chunked_array([_string_array(array.to_pylist()) for array in arrays], pa.string())

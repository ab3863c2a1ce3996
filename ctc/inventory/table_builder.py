"""Observations, one after the other, become a table: some thousands at a time, since there may be
tens of millions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from ctc.artifacts.inventory import EVENT_ID, IMAGES
from ctc.errors import PluginError, UsageError
from ctc.inventory.left_out import LeftOutLog
from ctc.plugin.records import LeftOut, Observation

if TYPE_CHECKING:
    import pyarrow as pa

    Columns = dict[str, pa.Array]

CHUNK_SIZE = 50_000


def build_table(
    entries: Iterable[Observation | LeftOut], left_out: LeftOutLog, chunk_size: int = CHUNK_SIZE
) -> tuple[pa.Table, tuple[str, ...]]:
    """The observations as a table, and the names of its label columns; what is no observation goes
    to `left_out`.

    A label or meta column that some observations don't have is null there. Meta columns of numbers
    hold numbers, those of tuples lists of numbers; those that mix kinds hold text. Raises
    UsageError for a name that two columns have."""
    import pyarrow as pa

    observations = _valid_observations(entries, left_out)
    labels: dict[str, None] = {}
    meta: dict[str, None] = {}
    pieces: list[Columns] = []
    while piece := list(islice(observations, chunk_size)):
        _add_names(labels, (entry.labels for entry in piece))
        _add_names(meta, (entry.meta for entry in piece))
        _check_names([EVENT_ID, IMAGES, *labels, *meta])
        pieces.append(_unicode_columns(piece, labels, meta, left_out))
    names = (EVENT_ID, IMAGES, *labels, *meta)
    return pa.table({name: _concat_column(pieces, name) for name in names}), tuple(labels)


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
            yield entry


def _add_names(names: dict[str, None], mappings: Iterable[Mapping[str, Any]]) -> None:
    for mapping in mappings:
        if not mapping.keys() <= names.keys():
            names.update(dict.fromkeys(mapping))


def _check_names(names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise UsageError(
            f"'{twice}' can't be used as a column name twice: rename the column in the source"
        )


def _unicode_columns(
    chunk: list[Observation], labels: Iterable[str], meta: Iterable[str], left_out: LeftOutLog
) -> Columns:
    """As `_build_columns`, without the observations whose paths or other texts are not Unicode."""
    try:
        return _build_columns(chunk, labels, meta)
    except UnicodeEncodeError:
        sound = [entry for entry in chunk if _is_unicode(entry)]
        for entry in chunk:
            if not _is_unicode(entry):
                left_out.add(
                    LeftOut(ascii(entry.event_id), "a name that is not Unicode: rename the file")
                )
        return _build_columns(sound, labels, meta)


def _is_unicode(entry: Observation) -> bool:
    texts = chain([entry.event_id], entry.images, entry.labels.values(), entry.meta.values())
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
    """Of the one kind that all values have, or text."""
    import pyarrow as pa

    lists = any(isinstance(value, tuple) for value in values)
    try:
        return pa.array(values, pa.list_(pa.float64()) if lists else None)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _string_array(values)


def _string_array(values: Iterable[Any]) -> pa.Array:
    import pyarrow as pa

    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _concat_column(chunks: Sequence[Columns], name: str) -> pa.ChunkedArray:
    """One column of all pieces; null where a piece lacks it."""
    import pyarrow as pa

    arrays = [piece.get(name, pa.nulls(len(piece[EVENT_ID]))) for piece in chunks]
    kinds = {array.type for array in arrays} - {pa.null()}
    if kinds == {pa.int64(), pa.float64()}:
        kinds = {pa.float64()}
    if len(kinds) <= 1:
        kind = kinds.pop() if kinds else pa.string()
        with suppress(pa.ArrowInvalid):  # an integer that no float64 holds
            return pa.chunked_array([array.cast(kind) for array in arrays], kind)
    return pa.chunked_array([_string_array(array.to_pylist()) for array in arrays], pa.string())

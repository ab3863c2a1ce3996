"""Inventory of camera-trap-classifier 2.x.

    {id: {"labels": [{label: class}], "images": [paths], "meta_data": {name: value}}}

A class is text or a number, or a list of just one; null, "" and "-1" are missing. `meta_data` is
optional.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ctc.errors import InputError
from ctc.images.listing.photo_paths import normalize_path
from ctc.plugin import InputFormat, LeftOut, Observation, hookimpl

from . import duplicates
from .csv_table import class_name
from .json_entry import JsonEntry
from .json_stream import has_any_key, read_document

T = TypeVar("T")
ClassByLabel = dict[str, str | None]
Meta = dict[str, str | int | float | None]


@hookimpl
def ctc_input_formats() -> Iterable[InputFormat]:
    return [
        InputFormat(
            name="json",
            summary="the inventory of camera-trap-classifier 2: "
            "labels, images and meta_data by event id",
            source="FILE",
            recognizes=lambda path: has_any_key(path, "labels"),
            read=read,
            default_image_root=lambda source, _: source.parent,
            options=(duplicates.OPTION,),
            example="ctc inventory json inventory.json --image-root photos "
            "--output inventory.parquet",
        )
    ]


class InventoryRecord(NamedTuple):
    """Record of one event; `meta_data` is None where it isn't an object."""

    labels: tuple[ClassByLabel, ...]
    images: tuple[str, ...]
    meta_data: Meta | None


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Yield the observations of an inventory: one for each of an event's labels.

    All observations have the labels and meta columns of the whole file, None where they lack one.
    Raises InputError for an invalid record, and for one id with two contents.
    """
    first_wins = duplicates.should_keep_first(options)
    records: dict[str, InventoryRecord] = {}
    for event_id, content in read_document(source, ()):
        record = _parse_record(source, event_id, content)
        known = records.setdefault(event_id, record)
        if known is not record:
            yield _resolve_duplicate(f"'{source}' '{event_id}'", known, record, first_wins)
    labels = dict.fromkeys(
        label for record in records.values() for seen in record.labels for label in seen
    )
    meta = dict.fromkeys(name for record in records.values() for name in record.meta_data or ())
    for event_id, record in records.items():
        yield from _observations(event_id, record, labels, meta)


def _resolve_duplicate(
    where: str, known: InventoryRecord, record: InventoryRecord, first_wins: bool
) -> LeftOut:
    others = [
        f"'{name}'"
        for name, old, new in zip(InventoryRecord._fields, known, record, strict=True)
        if old != new
    ]
    difference = f" (other {', '.join(others)})" if others else ""
    return duplicates.resolve_duplicate(where + difference, "record", not others, first_wins)


def _observations(
    event_id: str, record: InventoryRecord, labels: Iterable[str], meta: Iterable[str]
) -> Iterator[Observation | LeftOut]:
    reason = _unusable_reason(event_id, record)
    if reason:
        yield LeftOut(event_id, reason)
        return
    values = {name: (record.meta_data or {}).get(name) for name in meta}
    for seen in record.labels:
        if any(seen.values()):
            yield Observation(
                event_id, record.images, {label: seen.get(label) for label in labels}, values
            )
        else:
            yield LeftOut(event_id, "no label")


def _unusable_reason(event_id: str, record: InventoryRecord) -> str | None:
    if not event_id.strip():
        return "no event id"
    if not record.images:
        return "no image"
    if not record.labels:
        return "no label"
    return "'meta_data' is not an object" if record.meta_data is None else None


def _parse_record(source: Path, event_id: str, content: Any) -> InventoryRecord:
    _check_text(source, event_id, content)
    where = f"'{source}' '{event_id}'"
    if not isinstance(content, dict):
        raise InputError(f"{where} must be an object with 'labels' and 'images'")
    entry = JsonEntry(where, content)
    images = _list_field(entry, "images", str, "a list of paths")
    labels = _list_field(entry, "labels", dict, "a list of objects")
    return InventoryRecord(
        tuple(
            _parse_classes(f"{where} labels[{position}]", seen)
            for position, seen in enumerate(labels)
        ),
        tuple(normalize_path(image.strip()) for image in images if image.strip()),
        _parse_meta(content.get("meta_data")),
    )


def _check_text(source: Path, event_id: str, content: Any) -> None:
    try:
        json.dumps([event_id, content], ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(
            f"'{source}' {event_id!a} contains half of a surrogate pair: correct its \\ud… escapes"
        ) from None
    except RecursionError:
        raise InputError(f"'{source}' {event_id!a} is nested too deeply") from None


def _list_field(entry: JsonEntry, key: str, kind: type[T], expected: str) -> list[T]:
    if key not in entry.fields:
        raise InputError(f"{entry.where} has no '{key}'")
    items = entry.fields[key]
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, kind) for item in items):
        raise entry.invalid_value(key, expected)
    return items


def _parse_classes(where: str, seen: dict[str, Any]) -> ClassByLabel:
    entry = JsonEntry(where, {label: _unwrap_single(value) for label, value in seen.items()})
    return {label: class_name(entry.text(label) or "") for label in entry.fields}


def _unwrap_single(value: Any) -> Any:
    """Return the item of a list of one, with fractions as text."""
    single = value[0] if isinstance(value, list) and len(value) == 1 else value
    return str(single) if isinstance(single, float) and not single.is_integer() else single


def _parse_meta(values: Any) -> Meta | None:
    """Return the meta values, with lists, objects and booleans as JSON text."""
    if values is None:
        return {}
    if not isinstance(values, dict):
        return None
    return {name: _meta_value(value) for name, value in values.items()}


def _meta_value(value: Any) -> str | int | float | None:
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        return value
    return json.dumps(value, ensure_ascii=False)

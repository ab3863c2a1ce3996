"""The truth of an inventory, joined to predictions by the id of the event, else by the paths of the
photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import DATETIME
from ctc.artifacts.event_record import MISSING
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.errors import InputError, UsageError
from ctc.evaluation.answers.collector import Aggregator, factorize, value_counts
from ctc.evaluation.answers.event_facts import (
    NIGHT,
    EventFacts,
    is_night_by_hour,
    parse_event_facts,
)
from ctc.evaluation.answers.match_by_photo import match_by_photo, suggest_image_root
from ctc.evaluation.answers.predictions import FOREIGN, EvaluationData, Int32Array
from ctc.evaluation.metrics.multi_label import encode_multi_hot
from ctc.storage.paths import join_path

if TYPE_CHECKING:
    import pyarrow as pa

MAX_LISTED = 5


@dataclass(frozen=True)
class JoinedData:
    """`data` with its truth; `notes`: what didn't match, in words."""

    data: EvaluationData
    notes: tuple[str, ...]


def join_ground_truth(
    data: EvaluationData, inventory: Inventory, location: str, aggregator: Aggregator
) -> JoinedData:
    """Truth, places, times, numbers of photos and paths from the inventory; of an event's
    observations the first counts, or all of them for labels that may have several classes at once.
    Where no event's id is in both, the photos' paths say which events they are of: `aggregator`
    makes those of photos that were predicted apart.

    Raises InputError when neither an event nor a photo is in both, UsageError when no label is.
    """
    first = _first_rows(inventory.table[EVENT_ID])
    notes: tuple[str, ...] = ()
    if not any(event_id in first for event_id in data.event_ids):
        data, notes = _join_by_photo(data, inventory, aggregator, first)
    rows = np.array([first.get(event_id, MISSING) for event_id in data.event_ids])
    matched = rows >= 0
    shared = _shared_labels(data, inventory)
    single = [label for label in shared if label not in data.multi_label]
    table = inventory.table.take(rows[matched])
    found = {
        label: _encode_truth(table[label].to_pylist(), data.classes[label]) for label in single
    }
    several = {
        label: encode_multi_hot(
            _classes_by_event(data.event_ids, inventory.table, label), data.classes[label]
        )
        for label in shared
        if label in data.multi_label
    }
    whole = replace(
        _merge_event_facts(data, inventory, table, matched, location),
        multi_label={**data.multi_label, **{label: there for label, (there, _) in several.items()}},
        truth={label: _scatter(numbers, matched) for label, (numbers, _) in found.items()},
        foreign={label: foreign for label, (_, foreign) in (found | several).items() if foreign},
    )
    return JoinedData(whole, (*notes, *_mismatch_notes(data, inventory, first, matched, single)))


def _join_by_photo(
    data: EvaluationData, inventory: Inventory, aggregator: Aggregator, first: Mapping[str, int]
) -> tuple[EvaluationData, tuple[str, ...]]:
    found = match_by_photo(data, inventory, aggregator)
    if found is None:
        raise InputError(_no_match_message(data, inventory, first))
    note = (
        f"no event's id is in both, so the photos' paths join them: {found.n_matched:,} of {found.n_photos:,} predicted photos are in "
        f"{found.n_events:,} of {len(first):,} events of the truth"
    )
    apart = ", which group them otherwise: per photo the answers count as they are, per event as --aggregation combines them"
    return found.data, (note + apart * found.is_regrouped,)


def _no_match_message(data: EvaluationData, inventory: Inventory, first: Mapping[str, int]) -> str:
    images = next((images for images in inventory.table[IMAGES].to_pylist() if images), None)
    photo = (
        f", with photos such as '{join_path(inventory.image_root, images[0])}'" if images else ""
    )
    moved = suggest_image_root(data, inventory)
    step = (
        f"with --image-root '{moved[0]}' {moved[1]:,} photos would be"
        if moved
        else "predict the photos of the truth"
    )
    return (
        f"none of the {len(data.event_ids):,} predicted events is among the {len(first):,} events of the truth, nor are their photos: "
        f"predictions have ids such as '{data.event_ids[0]}', the truth such as '{next(iter(first), '')}'{photo}; {step}"
    )


def _shared_labels(data: EvaluationData, inventory: Inventory) -> list[str]:
    shared = [label for label in data.classes if label in inventory.labels]
    if not shared:
        raise UsageError(
            f"predictions have the labels {_quote_names(list(data.classes))}, the truth {_quote_names(inventory.labels)}"
        )
    return shared


def encode_classes(names: Sequence[str | None], classes: tuple[str, ...]) -> Int32Array:
    """The number of each class; MISSING for None, FOREIGN for one that is not among `classes`."""
    known = {name: number for number, name in enumerate(classes)}
    return np.array(
        [MISSING if name is None else known.get(name, FOREIGN) for name in names], np.int32
    )


def _encode_truth(
    names: Sequence[str | None], classes: tuple[str, ...]
) -> tuple[Int32Array, Mapping[str, int]]:
    numbers = encode_classes(names, classes)
    return numbers, value_counts(
        str(names[row]) for row in np.flatnonzero(numbers == FOREIGN).tolist()
    )


def _classes_by_event(ids: Sequence[str], table: pa.Table, label: str) -> list[set[str]]:
    """Per event the classes that its observations have."""
    seen: dict[str, set[str]] = {event_id: set() for event_id in ids}
    for event_id, name in zip(table[EVENT_ID].to_pylist(), table[label].to_pylist(), strict=True):
        if name is not None and event_id in seen:
            seen[event_id].add(name)
    return list(seen.values())


def _first_rows(ids: pa.ChunkedArray) -> dict[str, int]:
    first: dict[str, int] = {}
    for row, event_id in enumerate(ids.to_pylist()):
        first.setdefault(event_id, row)
    return first


def _scatter(numbers: Int32Array, matched: NDArray[np.bool_]) -> Int32Array:
    whole = np.full(len(matched), MISSING, np.int32)
    whole[matched] = numbers
    return whole


def _merge_event_facts(
    data: EvaluationData,
    inventory: Inventory,
    table: pa.Table,
    matched: NDArray[np.bool_],
    location: str,
) -> EvaluationData:
    """What the inventory knows goes before what the predictions say."""
    columns = [name for name in (location, DATETIME, NIGHT) if name in inventory.meta]
    told = [parse_event_facts(meta, location) for meta in table.select(columns).to_pylist()] or [
        EventFacts()
    ] * int(matched.sum())
    places = [data.locations[number] if number >= 0 else "" for number in data.location.tolist()]
    taken, night, paths = list(data.timestamps), data.night.copy(), list(data.events.paths)
    photos = data.photos_in_event.copy()
    images = table[IMAGES].to_pylist()
    for event, facts, listed in zip(np.flatnonzero(matched).tolist(), told, images, strict=True):
        places[event] = facts.location or places[event]
        taken[event] = facts.timestamp or taken[event]
        is_night = is_night_by_hour(taken[event]) if facts.night is None else facts.night
        night[event] = night[event] if is_night is None else is_night
        photos[event] = photos[event] or len(listed or ())
        if not paths[event] and listed:
            paths[event] = join_path(inventory.image_root, listed[0])
    numbers, locations = factorize(places)
    return replace(
        data,
        location=numbers,
        locations=locations,
        timestamps=tuple(taken),
        night=night,
        photos_in_event=photos,
        events=replace(data.events, paths=tuple(paths)),
    )


def _mismatch_notes(
    data: EvaluationData,
    inventory: Inventory,
    first: Mapping[str, int],
    matched: NDArray[np.bool_],
    single: Sequence[str],
) -> list[str]:
    """`single`: the labels of which one observation counts."""
    notes = []
    without = [data.event_ids[event] for event in np.flatnonzero(~matched)[:MAX_LISTED].tolist()]
    if without:
        count = int((~matched).sum())
        notes.append(
            f"{count:,} predicted events have no truth and are not counted, such as {_quote_names(without)}"
        )
    predicted = set(data.event_ids)
    missing = [event_id for event_id in first if event_id not in predicted]
    if missing:
        notes.append(
            f"{len(missing):,} events of the truth have no prediction, such as {_quote_names(missing)}"
        )
    several = inventory.table.num_rows - len(first)
    if several and single:
        where = f" for {', '.join(single)}" if data.multi_label else ""
        notes.append(
            f"{several:,} further observations of events with several are not counted{where}: the first one is"
        )
    return notes


def _quote_names(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:MAX_LISTED]) + (
        ", …" if len(names) > MAX_LISTED else ""
    )

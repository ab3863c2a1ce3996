"""Ground truth of an inventory, joined to predictions by event id or by photo path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import DATETIME
from ctc.artifacts.event_record import MISSING
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.errors import InputError
from ctc.evaluation.answers.aggregation import Aggregator
from ctc.evaluation.answers.collector import factorize, value_counts
from ctc.evaluation.answers.event_facts import (
    LATITUDE,
    NIGHT,
    EventFacts,
    parse_event_facts,
)
from ctc.evaluation.answers.label_names import match_labels
from ctc.evaluation.answers.match_by_photo import match_by_photo, suggest_image_root
from ctc.evaluation.answers.multi_label_truth import encode_multi_hot
from ctc.evaluation.answers.predictions import FOREIGN, EvaluationData, Int32Array
from ctc.reporting import counted
from ctc.storage.paths import join_path

if TYPE_CHECKING:
    import pyarrow as pa

MAX_LISTED = 5


@dataclass(frozen=True)
class JoinedData:
    """Predictions with ground truth; `notes` describe what did not match."""

    data: EvaluationData
    notes: tuple[str, ...]


def join_ground_truth(
    data: EvaluationData,
    inventory: Inventory,
    location: str,
    aggregator: Aggregator,
    truth_labels: Mapping[str, str] | None = None,
) -> JoinedData:
    """Add ground truth, locations, times, photo counts and paths of an inventory to predictions.

    An event's first observation is its truth, except for multi-label labels, where all of them
    count. If no event id is in both, events are matched by the paths of their photos, and
    `aggregator` combines the photos that were predicted as separate events. `location` is the name
    of the location column, `truth_labels` are the labels with another name in the ground truth.

    Raises InputError if neither an event nor a photo is in both, UsageError if no label is.
    """
    first = _first_rows(inventory.table[EVENT_ID])
    notes: tuple[str, ...] = ()
    if not any(event_id in first for event_id in data.event_ids):
        data, notes = _join_by_photo(data, inventory, aggregator, first)
    rows = np.array([first.get(event_id, MISSING) for event_id in data.event_ids])
    matched = rows >= 0
    shared = match_labels(
        data.classes, inventory.labels, truth_labels or {}, "the prediction file", "the truth"
    )
    single = [label for label in shared if label not in data.multi_label]
    table = inventory.table.take(rows[matched])
    names = {label: table[shared[label]].to_pylist() for label in single}
    single_label = {label: encode_truth(names[label], data.classes[label]) for label in single}
    events = np.flatnonzero(matched).tolist()
    multi_label = {
        label: encode_multi_hot(
            _classes_by_event(data.event_ids, inventory.table, name), data.classes[label]
        )
        for label, name in shared.items()
        if label in data.multi_label
    }
    encoded = single_label | multi_label
    joined = replace(
        _merge_event_facts(data, inventory, table, matched, location),
        multi_label={
            **data.multi_label,
            **{label: rows for label, (rows, _) in multi_label.items()},
        },
        truth={label: _scatter(numbers, matched) for label, (numbers, _) in single_label.items()},
        foreign={label: foreign for label, (_, foreign) in encoded.items() if foreign},
        foreign_names={
            label: {events[at]: name for at, name in foreign_names(names[label], numbers).items()}
            for label, (numbers, foreign) in single_label.items()
            if foreign
        },
    )
    return JoinedData(joined, (*notes, *_mismatch_notes(data, inventory, first, matched, single)))


def _join_by_photo(
    data: EvaluationData, inventory: Inventory, aggregator: Aggregator, first: Mapping[str, int]
) -> tuple[EvaluationData, tuple[str, ...]]:
    found = match_by_photo(data, inventory, aggregator)
    if found is None:
        raise InputError(_no_match_message(data, inventory, first))
    note = (
        "no event id is in both, so events are matched by photo path:"
        f" {found.n_matched:,} of"
        f" {counted(found.n_photos, 'predicted photo is', 'predicted photos are')} in"
        f" {found.n_events:,} of {counted(len(first), 'event')} of the ground truth"
    )
    regrouped = (
        ", which group the photos differently: metrics per photo use the predictions as they are,"
        " metrics per event those combined by --aggregation"
    )
    return found.data, (note + regrouped * found.is_regrouped,)


def _no_match_message(data: EvaluationData, inventory: Inventory, first: Mapping[str, int]) -> str:
    images = next((images for images in inventory.table[IMAGES].to_pylist() if images), None)
    photo = (
        f", with photos such as '{join_path(inventory.image_root, images[0])}'" if images else ""
    )
    suggestion = suggest_image_root(data, inventory)
    step = (
        f"with --image-root '{suggestion[0]}' {suggestion[1]:,} photos match"
        if suggestion
        else "predict the photos of the ground truth"
    )
    return (
        f"none of the {counted(len(data.event_ids), 'predicted event')} is among the"
        f" {counted(len(first), 'event')} of the ground truth, nor are their photos:"
        f" predictions have ids such as '{data.event_ids[0]}', the ground truth such as"
        f" '{next(iter(first), '')}'{photo}; {step}"
    )


def encode_classes(names: Sequence[str | None], classes: tuple[str, ...]) -> Int32Array:
    """Return the number of each class: MISSING for None, FOREIGN for one not in `classes`."""
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array(
        [MISSING if name is None else numbers.get(name, FOREIGN) for name in names], np.int32
    )


def encode_truth(
    names: Sequence[str | None], classes: tuple[str, ...]
) -> tuple[Int32Array, Mapping[str, int]]:
    """Return the numbers of the classes, and how often each FOREIGN class occurs."""
    numbers = encode_classes(names, classes)
    foreign = np.flatnonzero(numbers == FOREIGN).tolist()
    return numbers, value_counts(str(names[row]) for row in foreign)


def foreign_names(names: Sequence[str | None], numbers: Int32Array) -> dict[int, str]:
    """Return the names behind FOREIGN among `numbers`, by their places."""
    return {place: str(names[place]) for place in np.flatnonzero(numbers == FOREIGN).tolist()}


def _classes_by_event(ids: Sequence[str], table: pa.Table, label: str) -> list[set[str]]:
    """Return the classes of each event's observations."""
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
    scattered = np.full(len(matched), MISSING, np.int32)
    scattered[matched] = numbers
    return scattered


def _merge_event_facts(
    data: EvaluationData,
    inventory: Inventory,
    table: pa.Table,
    matched: NDArray[np.bool_],
    location: str,
) -> EvaluationData:
    """Merge facts of the inventory into the predictions; those of the inventory win."""
    columns = [name for name in (location, DATETIME, LATITUDE, NIGHT) if name in inventory.meta]
    facts_of_rows = [
        parse_event_facts(meta, location) for meta in table.select(columns).to_pylist()
    ] or [EventFacts()] * int(matched.sum())
    names = [data.locations[number] if number >= 0 else "" for number in data.location.tolist()]
    timestamps, light, paths = list(data.timestamps), data.light.copy(), list(data.events.paths)
    photo_counts = data.photos_in_event.copy()
    rows = zip(
        np.flatnonzero(matched).tolist(), facts_of_rows, table[IMAGES].to_pylist(), strict=True
    )
    for event, facts, images in rows:
        names[event] = facts.location or names[event]
        timestamps[event] = facts.timestamp or timestamps[event]
        known = facts._replace(timestamp=timestamps[event]).light
        light[event] = light[event] if known == MISSING else known
        photo_counts[event] = photo_counts[event] or len(images or ())
        if not paths[event] and images:
            paths[event] = join_path(inventory.image_root, images[0])
    numbers, locations = factorize(names)
    return replace(
        data,
        location=numbers,
        locations=locations,
        timestamps=tuple(timestamps),
        light=light,
        photos_in_event=photo_counts,
        events=replace(data.events, paths=tuple(paths)),
    )


def _mismatch_notes(
    data: EvaluationData,
    inventory: Inventory,
    first: Mapping[str, int],
    matched: NDArray[np.bool_],
    single: Sequence[str],
) -> list[str]:
    """Describe what did not match; `single` are the labels with one class per event."""
    notes = []
    without = [data.event_ids[event] for event in np.flatnonzero(~matched)[:MAX_LISTED].tolist()]
    if without:
        count = int((~matched).sum())
        have = counted(count, "predicted event has", "predicted events have")
        notes.append(
            f"{have} no ground truth and {'is' if count == 1 else 'are'} not counted,"
            f" such as {_quote_names(without)}"
        )
    predicted = set(data.event_ids)
    missing = [event_id for event_id in first if event_id not in predicted]
    if missing:
        have = counted(
            len(missing), "event of the ground truth has", "events of the ground truth have"
        )
        notes.append(f"{have} no prediction, such as {_quote_names(missing)}")
    several = inventory.table.num_rows - len(first)
    if several and single:
        where = f" for {', '.join(single)}" if data.multi_label else ""
        observations = counted(
            several,
            "further observation of an event is",
            "further observations of events with several are",
        )
        notes.append(f"{observations} not counted{where}: the first observation counts")
    return notes


def _quote_names(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:MAX_LISTED]) + (
        ", …" if len(names) > MAX_LISTED else ""
    )

"""The truth of an inventory, joined to predictions by the id of the event, else by the paths of the photos."""

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
from ctc.evaluation.answers.collector import Combine, counted, numbered
from ctc.evaluation.answers.event_facts import NIGHT, EventFacts, facts_of, night_by_hour
from ctc.evaluation.answers.match_by_photo import by_photo, moved_to
from ctc.evaluation.answers.predictions import FOREIGN, Numbers, Scored
from ctc.evaluation.metrics.multi_label import rows_of
from ctc.storage.paths import joined

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 5


@dataclass(frozen=True)
class Joined:
    """`scored` with its truth; `notes`: what didn't match, in words."""

    scored: Scored
    notes: tuple[str, ...]


def with_truth(scored: Scored, inventory: Inventory, location: str, combine: Combine) -> Joined:
    """Truth, places, times, numbers of photos and paths from the inventory; of an event's observations the first counts, or all of them
    for labels that may have several classes at once. Where no event's id is in both, the photos' paths say which events they are of:
    `combine` makes those of photos that were predicted apart.

    Raises InputError when neither an event nor a photo is in both, UsageError when no label is.
    """
    first = _first_rows(inventory.table[EVENT_ID])
    notes: tuple[str, ...] = ()
    if not any(event_id in first for event_id in scored.ids):
        scored, notes = _by_photo(scored, inventory, combine, first)
    rows = np.array([first.get(event_id, MISSING) for event_id in scored.ids])
    matched = rows >= 0
    shared = _shared_labels(scored, inventory)
    single = [label for label in shared if label not in scored.multi_label]
    table = inventory.table.take(rows[matched])
    found = {label: _truth(table[label].to_pylist(), scored.classes[label]) for label in single}
    several = {
        label: rows_of(_seen(scored.ids, inventory.table, label), scored.classes[label])
        for label in shared
        if label in scored.multi_label
    }
    whole = replace(
        _with_facts(scored, inventory, table, matched, location),
        multi_label={**scored.multi_label, **{label: there for label, (there, _) in several.items()}},
        truth={label: _spread(numbers, matched) for label, (numbers, _) in found.items()},
        foreign={label: foreign for label, (_, foreign) in (found | several).items() if foreign},
    )
    return Joined(whole, (*notes, *_mismatches(scored, inventory, first, matched, single)))


def _by_photo(
    scored: Scored, inventory: Inventory, combine: Combine, first: Mapping[str, int]
) -> tuple[Scored, tuple[str, ...]]:
    found = by_photo(scored, inventory, combine)
    if found is None:
        raise InputError(_nothing_in_common(scored, inventory, first))
    note = (
        f"no event's id is in both, so the photos' paths join them: {found.found:,} of {found.photos:,} predicted photos are in "
        f"{found.events:,} of {len(first):,} events of the truth"
    )
    apart = ", which group them otherwise: per photo the answers count as they are, per event as --aggregation combines them"
    return found.scored, (note + apart * found.apart,)


def _nothing_in_common(scored: Scored, inventory: Inventory, first: Mapping[str, int]) -> str:
    images = next((images for images in inventory.table[IMAGES].to_pylist() if images), None)
    photo = f", with photos such as '{joined(inventory.image_root, images[0])}'" if images else ""
    moved = moved_to(scored, inventory)
    step = (
        f"with --image-root '{moved[0]}' {moved[1]:,} photos would be" if moved else "predict the photos of the truth"
    )
    return (
        f"none of the {len(scored.ids):,} predicted events is among the {len(first):,} events of the truth, nor are their photos: "
        f"predictions have ids such as '{scored.ids[0]}', the truth such as '{next(iter(first), '')}'{photo}; {step}"
    )


def _shared_labels(scored: Scored, inventory: Inventory) -> list[str]:
    shared = [label for label in scored.classes if label in inventory.labels]
    if not shared:
        raise UsageError(
            f"predictions have the labels {_some(list(scored.classes))}, the truth {_some(inventory.labels)}"
        )
    return shared


def numbers_of(names: Sequence[str | None], classes: tuple[str, ...]) -> Numbers:
    """The number of each class; MISSING for None, FOREIGN for one that is not among `classes`."""
    known = {name: number for number, name in enumerate(classes)}
    return np.array([MISSING if name is None else known.get(name, FOREIGN) for name in names], np.int32)


def _truth(names: Sequence[str | None], classes: tuple[str, ...]) -> tuple[Numbers, Mapping[str, int]]:
    numbers = numbers_of(names, classes)
    return numbers, counted(str(names[row]) for row in np.flatnonzero(numbers == FOREIGN).tolist())


def _seen(ids: Sequence[str], table: pa.Table, label: str) -> list[set[str]]:
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


def _spread(numbers: Numbers, matched: NDArray[np.bool_]) -> Numbers:
    whole = np.full(len(matched), MISSING, np.int32)
    whole[matched] = numbers
    return whole


def _with_facts(
    scored: Scored, inventory: Inventory, table: pa.Table, matched: NDArray[np.bool_], location: str
) -> Scored:
    """What the inventory knows goes before what the predictions say."""
    columns = [name for name in (location, DATETIME, NIGHT) if name in inventory.meta]
    told = [facts_of(meta, location) for meta in table.select(columns).to_pylist()] or [EventFacts()] * int(
        matched.sum()
    )
    places = [scored.locations[number] if number >= 0 else "" for number in scored.location.tolist()]
    taken, night, paths = list(scored.taken), scored.night.copy(), list(scored.events.paths)
    photos = scored.photos_in_event.copy()
    images = table[IMAGES].to_pylist()
    for event, facts, listed in zip(np.flatnonzero(matched).tolist(), told, images, strict=True):
        places[event] = facts.location or places[event]
        taken[event] = facts.taken or taken[event]
        is_night = night_by_hour(taken[event]) if facts.night is None else facts.night
        night[event] = night[event] if is_night is None else is_night
        photos[event] = photos[event] or len(listed or ())
        if not paths[event] and listed:
            paths[event] = joined(inventory.image_root, listed[0])
    numbers, locations = numbered(places)
    return replace(
        scored,
        location=numbers,
        locations=locations,
        taken=tuple(taken),
        night=night,
        photos_in_event=photos,
        events=replace(scored.events, paths=tuple(paths)),
    )


def _mismatches(
    scored: Scored, inventory: Inventory, first: Mapping[str, int], matched: NDArray[np.bool_], single: Sequence[str]
) -> list[str]:
    """`single`: the labels of which one observation counts."""
    notes = []
    without = [scored.ids[event] for event in np.flatnonzero(~matched)[:SHOWN].tolist()]
    if without:
        count = int((~matched).sum())
        notes.append(f"{count:,} predicted events have no truth and are not counted, such as {_some(without)}")
    predicted = set(scored.ids)
    missing = [event_id for event_id in first if event_id not in predicted]
    if missing:
        notes.append(f"{len(missing):,} events of the truth have no prediction, such as {_some(missing)}")
    several = inventory.table.num_rows - len(first)
    if several and single:
        where = f" for {', '.join(single)}" if scored.multi_label else ""
        notes.append(
            f"{several:,} further observations of events with several are not counted{where}: the first one is"
        )
    return notes


def _some(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:SHOWN]) + (", …" if len(names) > SHOWN else "")

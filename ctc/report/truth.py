"""The truth of an inventory, joined to predictions by the id of the event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.columns import DATETIME
from ctc.artifacts.event_record import MISSING
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.errors import InputError, UsageError
from ctc.report.event_facts import NIGHT, EventFacts, facts_of, night_by_hour
from ctc.report.gathering import counted, numbered
from ctc.report.multi_label import rows_of
from ctc.report.scored import FOREIGN, Numbers, Scored

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 5


@dataclass(frozen=True)
class Joined:
    """`scored` with its truth; `notes`: what didn't match, in words."""

    scored: Scored
    notes: tuple[str, ...]


def with_truth(scored: Scored, inventory: Inventory, location: str) -> Joined:
    """Truth, places, times, numbers of photos and paths from the inventory; of an event's observations the first counts, or all of them
    for labels that may have several classes at once.

    Raises InputError when no event is in both, UsageError when no label is.
    """
    first = _first_rows(inventory.table[EVENT_ID])
    rows = np.array([first.get(event_id, MISSING) for event_id in scored.ids])
    matched = rows >= 0
    if not matched.any():
        raise InputError(
            f"none of the {len(scored.ids):,} predicted events is among the {len(first):,} events of the truth: predictions have ids "
            f"such as {_some(scored.ids)}, the truth such as {_some(list(first))}"
        )
    shared = [label for label in scored.classes if label in inventory.labels]
    if not shared:
        raise UsageError(
            f"predictions have the labels {_some(list(scored.classes))}, the truth {_some(inventory.labels)}"
        )
    table = inventory.table.take(rows[matched])
    single = [label for label in shared if label not in scored.multi_label]
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
    return Joined(whole, tuple(_mismatches(scored, inventory, first, matched, single)))


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
    values = ids.to_pylist()
    return dict(zip(reversed(values), range(len(values) - 1, -1, -1), strict=True))


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
            paths[event] = str(inventory.image_root / listed[0])
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

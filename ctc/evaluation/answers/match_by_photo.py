"""Predictions whose events have other ids than the truth's, such as paths of photos: the photos say which events they are of."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.evaluation.answers.collector import Combine, combined
from ctc.evaluation.answers.predictions import Answers, Scored
from ctc.images.photo_paths import plain
from ctc.storage.paths import is_url, joined

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Regrouped:
    """`scored` by the events of the truth; a photo that none of them has stays in the event that was predicted. `found` of `photos`
    photos are in `events` of them. `apart`: the truth puts the photos into other events than the predictions."""

    scored: Scored
    photos: int
    found: int
    events: int
    apart: bool


def by_photo(scored: Scored, inventory: Inventory, combine: Combine) -> Regrouped | None:
    """None when the truth has none of the predicted photos. An answer for an event without photos counts as that of the photo which the
    event is named after. Paths start at the current folder, else where the inventory's do."""
    photos = scored.photos or replace(scored.events, paths=_named_after(scored))
    owners = _owners(inventory)
    found = _events_of(photos.paths, Path(), owners) or _events_of(photos.paths, inventory.image_root, owners)
    if not found:
        return None
    ids = [
        found.get(path) or scored.ids[event] for path, event in zip(photos.paths, photos.event.tolist(), strict=True)
    ]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(ids))}
    regrouped = replace(photos, event=np.array([numbers[name] for name in ids], np.int32))
    pairs = set(zip(photos.event.tolist(), ids, strict=True))
    apart = not len(pairs) == len(numbers) == len(scored.ids)
    _, first = np.unique(regrouped.event, return_index=True)
    whole = replace(_reordered(scored, photos.event[first]), ids=tuple(numbers), photos=regrouped)
    if apart:
        whole = replace(whole, events=combined(regrouped, len(numbers), combine))
    whole = replace(whole, photos_in_event=np.bincount(regrouped.event).astype(np.int32))
    return Regrouped(whole, len(photos), sum(path in found for path in photos.paths), len(set(found.values())), apart)


def moved_to(scored: Scored, inventory: Inventory) -> tuple[str, int] | None:
    """The folder below which most predicted photos would be the truth's, if its photos are there now, and how many."""
    stored = set(map(plain, _paths(inventory.table)))
    roots = Counter[str]()
    for path in scored.photos.paths if scored.photos else _named_after(scored):
        parts = plain(path).split("/")
        roots.update("/".join(parts[:at]) or "/" for at in range(1, len(parts)) if "/".join(parts[at:]) in stored)
    return next(iter(roots.most_common(1)), None)


def _named_after(scored: Scored) -> tuple[str, ...]:
    return tuple(path or event_id for path, event_id in zip(scored.events.paths, scored.ids, strict=True))


def _paths(table: pa.Table) -> Iterable[str]:
    return (path for images in table[IMAGES].to_pylist() for path in images or ())


def _owners(inventory: Inventory) -> dict[str, str]:
    """By where a photo is, the event that has it; the first one, if there are several."""
    owners: dict[str, str] = {}
    for event_id, images in zip(*(inventory.table[name].to_pylist() for name in (EVENT_ID, IMAGES)), strict=True):
        for path in images or ():
            owners.setdefault(_located(inventory.image_root, path), event_id)
    return owners


def _events_of(paths: Iterable[str], root: Path, owners: Mapping[str, str]) -> dict[str, str]:
    """By path, the event that has the photo."""
    located = ((path, _located(root, path)) for path in paths)
    return {path: owners[place] for path, place in located if place in owners}


def _located(root: Path, path: str) -> str:
    place = plain(joined(root, plain(path)))
    folder, _, name = place.rpartition("/")
    return place if is_url(place) else f"{_real(folder)}/{name}"


@cache
def _real(folder: str) -> str:
    return plain(os.path.normcase(os.path.realpath(folder)))


def _reordered(scored: Scored, events: NDArray[np.int32]) -> Scored:
    """What is said and known of these events of `scored`, one after the other; their truth is not known."""
    answers = scored.events
    return replace(
        scored,
        location=scored.location[events],
        night=scored.night[events],
        taken=tuple(scored.taken[event] for event in events.tolist()),
        events=Answers(
            np.arange(len(events), dtype=np.int32),
            tuple(answers.paths[event] for event in events.tolist()),
            {label: values[events] for label, values in answers.probabilities.items()},
        ),
        multi_label={label: rows[events] for label, rows in scored.multi_label.items()},
    )

"""Photos of an inventory that are the same bytes, and what their events say differently."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import LOCATION, Ints, take
from ctc.artifacts.inventory import Inventory
from ctc.inventory.photo_uses import PhotoUses, run_starts

EventValues = dict[str, set[str]]


def find_duplicates(uses: PhotoUses, digests: NDArray[np.uint64], valid: NDArray[np.bool_]) -> Ints:
    """(copies, 2): for each use of some bytes but the first, the number of the first use and its
    own.

    `digests` (photos, 2) and `valid` (photos,) are per photo; a photo that is not sound is no copy
    of any other."""
    content = _first_with_digest(digests, valid)[uses.photo]
    order = np.argsort(content, kind="stable")
    order = order[content[order] >= 0]
    first = run_starts(content[order][:, None])
    return np.stack([order[first][np.cumsum(first) - 1], order], axis=1)[~first]


def describe_differences(inventory: Inventory, uses: PhotoUses, duplicates: Ints) -> Iterator[str]:
    """For each copy how the labels and the location of its event differ, as "species: fox / hare;
    location: A / B"; the event of the first use comes first."""
    facts = _event_values(inventory, uses, np.unique(uses.event[duplicates]))
    for one, other in uses.event[duplicates].tolist():
        differ = (name for name in facts[one] if facts[one][name] != facts[other][name])
        yield "; ".join(
            f"{name}: {_format_values(facts[one][name])} / {_format_values(facts[other][name])}"
            for name in differ
        )


def _first_with_digest(digests: NDArray[np.uint64], valid: NDArray[np.bool_]) -> Ints:
    """For every sound photo the number of the first one with its digest; −1 for the others."""
    numbers = np.flatnonzero(valid)
    order = numbers[np.lexsort(digests[numbers].T)]
    first = run_starts(digests[order])
    alike = np.full(len(digests), -1)
    alike[order] = order[first][np.cumsum(first) - 1]
    return alike


def _event_values(inventory: Inventory, uses: PhotoUses, events: Ints) -> dict[int, EventValues]:
    """Per event what its rows say of each label and of the location."""
    names = [*inventory.labels, *[LOCATION] * (LOCATION in inventory.meta)]
    facts: dict[int, EventValues] = {
        event: {name: set() for name in names} for event in events.tolist()
    }
    rows = np.flatnonzero(np.isin(uses.event_of_row, events))
    for name in names:
        said = take(inventory.table[name], rows).to_pylist()
        for event, value in zip(uses.event_of_row[rows].tolist(), said, strict=True):
            if value is not None:
                facts[event][name].add(str(value))
    return facts


def _format_values(values: set[str]) -> str:
    return " + ".join(sorted(values)) or "none"

"""Find photos with identical bytes, and how the labels of their events differ."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import LOCATION, Ints, take
from ctc.artifacts.inventory import Inventory
from ctc.inventory.checks.photo_uses import PhotoUses, run_starts

EventValues = dict[str, set[str]]


def find_duplicates(uses: PhotoUses, digests: NDArray[np.uint64], valid: NDArray[np.bool_]) -> Ints:
    """Return pairs of uses (duplicates, 2): the first use of some bytes, and each further one.

    `digests` (photos, 2) and `valid` (photos,) are per photo; an invalid photo is no duplicate of
    any other.
    """
    content = _first_with_digest(digests, valid)[uses.photo]
    order = np.argsort(content, kind="stable")
    order = order[content[order] >= 0]
    first = run_starts(content[order][:, None])
    return np.stack([order[first][np.cumsum(first) - 1], order], axis=1)[~first]


def describe_differences(inventory: Inventory, uses: PhotoUses, duplicates: Ints) -> Iterator[str]:
    """Yield for each pair of uses how the labels and the location of their events differ.

    The text is like "species: fox / hare; location: A / B", with the event of the first use first.
    """
    values = _event_values(inventory, uses, np.unique(uses.event[duplicates]))
    for one, other in uses.event[duplicates].tolist():
        different = (name for name in values[one] if values[one][name] != values[other][name])
        yield "; ".join(
            f"{name}: {_format_values(values[one][name])} / {_format_values(values[other][name])}"
            for name in different
        )


def _first_with_digest(digests: NDArray[np.uint64], valid: NDArray[np.bool_]) -> Ints:
    """Return for every valid photo the number of the first with its digest; −1 for the others."""
    numbers = np.flatnonzero(valid)
    order = numbers[np.lexsort(digests[numbers].T)]
    first = run_starts(digests[order])
    first_photo = np.full(len(digests), -1)
    first_photo[order] = order[first][np.cumsum(first) - 1]
    return first_photo


def _event_values(inventory: Inventory, uses: PhotoUses, events: Ints) -> dict[int, EventValues]:
    """Return the values of each label and of the location in the rows of these events."""
    names = [*inventory.labels, *[LOCATION] * (LOCATION in inventory.meta)]
    by_event: dict[int, EventValues] = {
        event: {name: set() for name in names} for event in events.tolist()
    }
    rows = np.flatnonzero(np.isin(uses.event_of_row, events))
    for name in names:
        values = take(inventory.table[name], rows).to_pylist()
        for event, value in zip(uses.event_of_row[rows].tolist(), values, strict=True):
            if value is not None:
                by_event[event][name].add(str(value))
    return by_event


def _format_values(values: set[str]) -> str:
    return " + ".join(sorted(values)) or "none"

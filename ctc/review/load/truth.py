"""The labels that an inventory has for the events of a review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.artifacts.review.events.photo_places import PhotoPlaces
from ctc.errors import InputError
from ctc.evaluation.answers.ground_truth import encode_truth
from ctc.evaluation.answers.label_names import match_labels
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.images.listing.photo_paths import normalize_path
from ctc.review.load.drafts import EventDraft
from ctc.storage.paths import absolute_path, join_path

TruthNames = Mapping[str, Sequence[str | None]]
"""By label, the class that each event has in the inventory, None if it has none."""


def inventory_rows(
    events: Sequence[EventDraft], inventory: Inventory, places: PhotoPlaces
) -> list[int]:
    """Return the row of each event's first observation, MISSING where the inventory has none.

    Events are found by their ids, and if none is, by their first photos. Raises InputError if the
    two have nothing in common.
    """
    first = _first_rows(inventory.table[EVENT_ID].to_pylist())
    rows = [first.get(event.id, MISSING) for event in events]
    if max(rows) == MISSING:
        owners = _rows_by_photo(inventory)
        rows = [_row_of_photos(event, owners, places) for event in events]
    if max(rows) == MISSING:
        raise InputError(
            f"the truth has none of the {len(events):,} events, nor their photos: predictions have"
            f" ids such as '{events[0].id}', the truth such as '{next(iter(first), '')}'"
        )
    return rows


def add_photos(events: Sequence[EventDraft], rows: Sequence[int], inventory: Inventory) -> None:
    """Give the events without photos those of the inventory."""
    images = inventory.table[IMAGES].to_pylist()
    for event, row in zip(events, rows, strict=True):
        if row >= 0 and not event.photos:
            for image in images[row] or ():
                event.photo(join_path(inventory.image_root, image))


def add_truth(
    data: EvaluationData,
    inventory: Inventory,
    rows: Sequence[int],
    truth_labels: Mapping[str, str],
) -> tuple[EvaluationData, TruthNames]:
    """Return the predictions with the truth of their labels that have one class, and its names.

    Raises UsageError if no label is in both.
    """
    shared = match_labels(
        data.classes, inventory.labels, truth_labels, "the prediction file", "the truth"
    )
    names = {
        label: _take(inventory.table[column].to_pylist(), rows)
        for label, column in shared.items()
        if label not in data.multi_label
    }
    truth = {label: encode_truth(one, data.classes[label])[0] for label, one in names.items()}
    return replace(data, truth=truth), names


def _take(values: Sequence[str | None], rows: Sequence[int]) -> list[str | None]:
    return [None if row == MISSING else values[row] for row in rows]


def _first_rows(ids: Sequence[str]) -> dict[str, int]:
    first: dict[str, int] = {}
    for row, event_id in enumerate(ids):
        first.setdefault(event_id, row)
    return first


def _rows_by_photo(inventory: Inventory) -> dict[str, int]:
    owners: dict[str, int] = {}
    for row, images in enumerate(inventory.table[IMAGES].to_pylist()):
        for image in images or ():
            owners.setdefault(_place(join_path(inventory.image_root, image)), row)
    return owners


def _row_of_photos(event: EventDraft, owners: Mapping[str, int], places: PhotoPlaces) -> int:
    found = (owners.get(_place(places.location(path))) for path in event.photos)
    return next((row for row in found if row is not None), MISSING)


def _place(path: str) -> str:
    return normalize_path(absolute_path(path))

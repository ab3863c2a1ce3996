"""Matching of predictions to ground-truth events by photo path, if the event ids differ."""

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
from ctc.evaluation.answers.aggregation import Aggregator, aggregate_by_event
from ctc.evaluation.answers.predictions import EvaluationData, UnitPredictions
from ctc.images.listing.photo_paths import normalize_path
from ctc.storage.paths import is_url, join_path

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class PhotoMatch:
    """Predictions grouped by the events of the ground truth.

    A photo that is in none of those events stays in its predicted event. `n_matched` of `n_photos`
    photos are in `n_events` events of the ground truth. `is_regrouped` is True if the ground truth
    groups the photos differently.
    """

    data: EvaluationData
    n_photos: int
    n_matched: int
    n_events: int
    is_regrouped: bool


def match_by_photo(
    data: EvaluationData, inventory: Inventory, aggregator: Aggregator
) -> PhotoMatch | None:
    """Group predictions by the events of `inventory`; None if it has none of the photos.

    The prediction of an event without photos counts as that of the photo that the event is named
    after. Relative paths start at the current folder, else at the inventory's image root.
    """
    photos = data.photos or replace(data.events, paths=_photo_names(data))
    owners = _event_by_path(inventory)
    found = _match_paths(photos.paths, Path(), owners) or _match_paths(
        photos.paths, inventory.image_root, owners
    )
    if not found:
        return None
    ids = [
        found.get(path) or data.event_ids[event]
        for path, event in zip(photos.paths, photos.event.tolist(), strict=True)
    ]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(ids))}
    regrouped = replace(photos, event=np.array([numbers[name] for name in ids], np.int32))
    pairs = set(zip(photos.event.tolist(), ids, strict=True))
    is_regrouped = not len(pairs) == len(numbers) == len(data.event_ids)
    _, first = np.unique(regrouped.event, return_index=True)
    matched = replace(
        _select_events(data, photos.event[first]), event_ids=tuple(numbers), photos=regrouped
    )
    if is_regrouped:
        events = aggregate_by_event(regrouped, len(numbers), aggregator, data.classes)
        matched = replace(matched, events=events)
    matched = replace(matched, photos_in_event=np.bincount(regrouped.event).astype(np.int32))
    return PhotoMatch(
        matched,
        n_photos=len(photos),
        n_matched=sum(path in found for path in photos.paths),
        n_events=len(set(found.values())),
        is_regrouped=is_regrouped,
    )


def suggest_image_root(data: EvaluationData, inventory: Inventory) -> tuple[str, int] | None:
    """Return the image root with which most predicted photos would match, and how many."""
    stored = set(map(normalize_path, _image_paths(inventory.table)))
    roots = Counter[str]()
    for path in data.photos.paths if data.photos else _photo_names(data):
        parts = normalize_path(path).split("/")
        roots.update(
            "/".join(parts[:at]) or "/"
            for at in range(1, len(parts))
            if "/".join(parts[at:]) in stored
        )
    return next(iter(roots.most_common(1)), None)


def _photo_names(data: EvaluationData) -> tuple[str, ...]:
    return tuple(
        path or event_id for path, event_id in zip(data.events.paths, data.event_ids, strict=True)
    )


def _image_paths(table: pa.Table) -> Iterable[str]:
    return (path for images in table[IMAGES].to_pylist() for path in images or ())


def _event_by_path(inventory: Inventory) -> dict[str, str]:
    """Map each photo's resolved path to the first event that has it."""
    owners: dict[str, str] = {}
    for event_id, images in zip(
        *(inventory.table[name].to_pylist() for name in (EVENT_ID, IMAGES)), strict=True
    ):
        for path in images or ():
            owners.setdefault(_resolve_path(inventory.image_root, path), event_id)
    return owners


def _match_paths(
    paths: Iterable[str], root: Path, event_by_path: Mapping[str, str]
) -> dict[str, str]:
    """Map those `paths` that are in `event_by_path`, as resolved from `root`, to their events."""
    located = ((path, _resolve_path(root, path)) for path in paths)
    return {path: event_by_path[place] for path, place in located if place in event_by_path}


def _resolve_path(root: Path, path: str) -> str:
    place = normalize_path(join_path(root, normalize_path(path)))
    folder, _, name = place.rpartition("/")
    return place if is_url(place) else f"{_resolve_folder(folder)}/{name}"


@cache
def _resolve_folder(folder: str) -> str:
    return normalize_path(os.path.normcase(os.path.realpath(folder)))


def _select_events(data: EvaluationData, events: NDArray[np.int32]) -> EvaluationData:
    """Return predictions and facts of the given events, without ground truth."""
    predictions = data.events
    return replace(
        data,
        location=data.location[events],
        light=data.light[events],
        timestamps=tuple(data.timestamps[event] for event in events.tolist()),
        events=UnitPredictions(
            np.arange(len(events), dtype=np.int32),
            tuple(predictions.paths[event] for event in events.tolist()),
            {label: values[events] for label, values in predictions.probabilities.items()},
        ),
        multi_label={label: rows[events] for label, rows in data.multi_label.items()},
    )

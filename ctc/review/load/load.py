"""Loading of predictions into a review store: `ctc review PREDICTIONS --store FILE`."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ctc._version import __version__
from ctc.artifacts.inventory import Inventory
from ctc.artifacts.review.about import StoreAbout
from ctc.artifacts.review.clock import to_text
from ctc.artifacts.review.events.event_writer import LoadResult
from ctc.artifacts.review.events.photo_places import PhotoPlaces
from ctc.artifacts.review.records import ReviewLabel
from ctc.artifacts.review.store import ReviewStore
from ctc.errors import InputError, UsageError
from ctc.evaluation.answers.aggregation import aggregator_factory
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.features.store import Embeddings
from ctc.reporting import NullReporter, Reporter, counted
from ctc.review.load.build import build_events, build_labels, main_answers
from ctc.review.load.columns import to_columns
from ctc.review.load.drafts import Drafts, EventDraft
from ctc.review.load.look_alikes import event_features, group_look_alikes
from ctc.review.load.photos import PhotoFinder, find_places
from ctc.review.load.reading import read_drafts
from ctc.review.load.truth import TruthNames, add_photos, add_truth, inventory_rows

_CHUNK = 1 << 20


@dataclass(frozen=True)
class LoadConfig:
    """What to load, and how.

    `photos`: the folder or URL that the photos' paths start from, None for the current folder.
    `truth`: an inventory with labels of the events, or their photos; `truth_labels`: by label of
    the predictions, its name there. `embeddings`: a file of `ctc embed`, for look-alike groups.
    `location`: the column with the place of an event. `aggregation`: of photos to events, where the
    file has photos alone. `labels`: further labels that people answer.
    """

    photos: str | None = None
    truth: Path | None = None
    truth_labels: Mapping[str, str] = field(default_factory=dict)
    embeddings: Path | None = None
    location: str = "location"
    aggregation: str = "mean"
    aggregation_options: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[ReviewLabel, ...] = ()


@dataclass(frozen=True)
class LoadSummary:
    """What was loaded: events, photos, the paths of the missing ones, and notes to print."""

    result: LoadResult
    photos: int
    missing: tuple[str, ...]
    places: PhotoPlaces
    notes: tuple[str, ...]


def load_predictions(
    path: Path, store: ReviewStore, config: LoadConfig, reporter: Reporter | None = None
) -> LoadSummary:
    """Replace the events of a store by those of a prediction file; people's answers stay.

    Raises CtcError, and changes nothing, if a file can't be used, or no event has a photo.
    """
    drafts = read_drafts(path, config.location)
    inventory = None if config.truth is None else Inventory.read(config.truth)
    places, missing = _find_photos(drafts, config, inventory)
    data = _read_columns(path, drafts, config)
    data, truth = _with_truth(data, drafts.events, inventory, places, config)
    events = build_events(drafts, data, truth, _clusters(drafts, data, config), missing)
    labels = (*build_labels(drafts, data), *config.labels)
    about = _about(path, config, places, store.about())
    with (reporter or NullReporter()).progress("Loading", len(drafts.events)) as bar:
        result = store.replace_events(events, labels, about, bar.advance)
    photos = sum(len(event.photos) for event in drafts.events)
    notes = (*_notes(drafts, result), *_missing_notes(missing, photos, places))
    return LoadSummary(result, photos, tuple(missing), places, notes)


def repoint_photos(store: ReviewStore, photos: str) -> LoadSummary:
    """Look for the photos of a store below another folder or URL, and remember it.

    Events and answers stay as they are.
    """
    paths = store.photo_paths()
    places, missing = find_places(paths, photos, PhotoFinder())
    about = store.about()
    store.set_places(replace(about, photo_root=places.root, photo_prefix=places.prefix), missing)
    counts = store.count_states()
    events, answered = sum(counts.values()), sum(counts.values()) - counts.get("open", 0)
    result = LoadResult(events, 0, 0, 0, answered)
    notes = _missing_notes(missing, len(paths), places)
    return LoadSummary(result, len(paths), tuple(missing), places, notes)


def _read_columns(path: Path, drafts: Drafts, config: LoadConfig) -> EvaluationData:
    aggregators = aggregator_factory(config.aggregation, config.aggregation_options)
    try:
        data = to_columns(drafts, aggregators)
        data.check_probabilities()
    except InputError as error:
        raise InputError(f"'{path}': {error}") from None
    return data


def _find_photos(
    drafts: Drafts, config: LoadConfig, inventory: Inventory | None
) -> tuple[PhotoPlaces, list[str]]:
    events = drafts.events
    if inventory is not None and not all(event.photos for event in events):
        rows = inventory_rows(events, inventory, PhotoPlaces())
        add_photos(events, rows, inventory)
    if not any(event.photos for event in events):
        raise UsageError(
            f"the predictions do not name the photos of their events, such as '{events[0].id}':"
            " predict with --per-photo or as .json, or give the inventory with --truth"
        )
    paths = list(dict.fromkeys(path for event in events for path in event.photos))
    return find_places(paths, config.photos, PhotoFinder())


def _with_truth(
    data: EvaluationData,
    events: Sequence[EventDraft],
    inventory: Inventory | None,
    places: PhotoPlaces,
    config: LoadConfig,
) -> tuple[EvaluationData, TruthNames]:
    if inventory is None:
        return data, {}
    rows = inventory_rows(events, inventory, places)
    return add_truth(data, inventory, rows, config.truth_labels)


def _clusters(drafts: Drafts, data: EvaluationData, config: LoadConfig) -> list[int | None]:
    if config.embeddings is None:
        return []
    features = event_features(Embeddings.read(config.embeddings), drafts.events)
    if not features.any():
        raise UsageError(
            f"'{config.embeddings}' has none of the predicted photos: embed the same photos"
        )
    times = [event.time for event in drafts.events]
    return group_look_alikes(features, main_answers(drafts, data), times)


def _about(path: Path, config: LoadConfig, places: PhotoPlaces, before: StoreAbout) -> StoreAbout:
    """Return the facts about this load; the same file again came when it came first."""
    digest = _digest(path)
    now = to_text(time.time())
    return StoreAbout(
        made_by=f"ctc {__version__}",
        predictions=str(path),
        digest=digest,
        loaded_at=before.loaded_at if before.digest == digest else now,
        photo_root=places.root,
        photo_prefix=places.prefix,
        embeddings="" if config.embeddings is None else str(config.embeddings),
        truth="" if config.truth is None else str(config.truth),
    )


def _digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _notes(drafts: Drafts, result: LoadResult) -> list[str]:
    notes = []
    if drafts.failed:
        are = counted(drafts.failed, "photo that failed is", "photos that failed are")
        notes.append(f"{are} not in the review")
    without = [event.id for event in drafts.events if not event.photos]
    if without:
        have = counted(len(without), "event has", "events have")
        notes.append(f"{have} no photo, such as '{without[0]}'")
    if result.rejoined:
        have = counted(result.rejoined, "event with answers has", "events with answers have")
        notes.append(f"{have} another id, or photos at other paths, and kept the answers")
    if result.gone:
        are = counted(result.gone, "event with answers is", "events with answers are")
        notes.append(f"{are} not in these predictions: the answers are kept")
    return notes


def _missing_notes(missing: Collection[str], photos: int, places: PhotoPlaces) -> tuple[str, ...]:
    if not missing:
        return ()
    where = places.location(next(iter(missing)))
    are = f"{len(missing):,} of {counted(photos, 'photo')} {'is' if len(missing) == 1 else 'are'}"
    return (f"{are} missing, such as '{where}': say where with --photos ROOT; answers stay",)

"""The photos whose features are most like those of a photo, by cosine similarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError, UsageError
from ctc.features.embed.task import EmbedTask
from ctc.features.photo_rows import PhotoRows
from ctc.features.store import EVENT_ID, PATH, Embeddings, to_unit
from ctc.inference.events.given_photos import given_events
from ctc.inference.pipeline.pipeline import PipelineConfig, run_pipeline
from ctc.runtime.config import DEFAULT_RUNTIME, RuntimeConfig
from ctc.runtime.model_bytes import read_model
from ctc.storage.urls import redact_urls

BLOCK_BYTES = 64 << 20
"""Size of the features that are in memory at a time."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class NeighborConfig:
    """The options of `ctc neighbors`.

    `photos`: paths in the embeddings file, or photo files where there is a `model`, the one that
    made the embeddings. `count`: neighbors of each. `other_events`: whether to pass over the
    photos of the photo's own event.
    """

    embeddings: Path
    photos: tuple[str, ...]
    model: Path | None = None
    count: int = 10
    other_events: bool = False
    runtime: RuntimeConfig = DEFAULT_RUNTIME


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A photo like another: the `rank`-th of those of `photo`, from 1.

    `row`: its row in the embeddings file. `similarity`: the cosine, −1 to 1.
    """

    photo: str
    rank: int
    similarity: float
    row: int


def find_neighbors(config: NeighborConfig, embeddings: Embeddings) -> list[Neighbor]:
    """Return the neighbors of each photo, the most alike first; of equal ones the earlier row.

    Raises CtcError for a photo that is not in the embeddings, and without a model to embed it.
    """
    rows = _own_rows(config, embeddings)
    queries = _queries(config, embeddings, rows)
    excluded = [_excluded_rows(embeddings, row, config.other_events) for row in rows]
    wanted = config.count + max(map(len, excluded))
    found, similarities = most_alike(embeddings, queries, wanted)
    neighbors: list[Neighbor] = []
    for number, photo in enumerate(config.photos):
        kept = ~np.isin(found[number], excluded[number])
        pairs = zip(found[number][kept].tolist(), similarities[number][kept].tolist(), strict=True)
        neighbors += (
            Neighbor(photo, rank, similarity, row)
            for rank, (row, similarity) in enumerate(list(pairs)[: config.count], start=1)
        )
    return neighbors


def most_alike(embeddings: Embeddings, queries: Floats, count: int) -> tuple[Ints, Floats]:
    """Return the rows most like each query and their cosines, both (queries, ≤ `count`).

    The most alike are first, of equal ones the earlier row. `queries`: (queries, size), of length
    1. Only a block of features and the best so far are in memory.
    """
    best = np.empty((len(queries), 0), np.float32)
    rows = np.empty((len(queries), 0), np.int64)
    block_rows = max(1, BLOCK_BYTES // (4 * (embeddings.feature_size + len(queries))))
    for start, block in embeddings.unit_blocks(block_rows):
        numbers = np.arange(start, start + len(block))
        best = np.concatenate([best, queries @ block.T], axis=1)
        rows = np.concatenate([rows, np.broadcast_to(numbers, (len(queries), len(block)))], axis=1)
        if best.shape[1] > count:
            kept = np.argpartition(-best, count - 1, axis=1)[:, :count]
            best, rows = np.take_along_axis(best, kept, 1), np.take_along_axis(rows, kept, 1)
    order = np.lexsort((rows, -best), axis=1)
    return np.take_along_axis(rows, order, 1), np.take_along_axis(best, order, 1)


def _own_rows(config: NeighborConfig, embeddings: Embeddings) -> list[int | None]:
    """Return the row of each photo, None for one that is to be embedded."""
    import pyarrow.compute as pc

    paths = embeddings.table[PATH]
    places = [pc.index(paths, redact_urls(photo)).as_py() for photo in config.photos]
    rows: list[int | None] = list(places)
    if -1 in places and len(embeddings):  # perhaps as another path
        known = PhotoRows(embeddings)
        rows = [known.find(photo) for photo in config.photos]
    elif -1 in places:
        rows = [None] * len(places)
    missing = [photo for photo, row in zip(config.photos, rows, strict=True) if row is None]
    if missing and config.model is None:
        example = embeddings.table[PATH][0].as_py() if len(embeddings) else ""
        raise UsageError(
            f"'{missing[0]}' is not in '{embeddings.path}', which has photos such as '{example}':"
            " add --model, the file that made the embeddings, to embed it"
        )
    return rows


def _queries(config: NeighborConfig, embeddings: Embeddings, rows: Sequence[int | None]) -> Floats:
    """Return the unit features of the photos, (photos, size)."""
    queries = np.zeros((len(rows), embeddings.feature_size), np.float32)
    inside = [(number, row) for number, row in enumerate(rows) if row is not None]
    if inside:
        numbers, wanted = zip(*inside, strict=True)
        queries[list(numbers)] = embeddings.take(wanted)
    outside = [number for number, row in enumerate(rows) if row is None]
    if outside and config.model:
        photos = [config.photos[number] for number in outside]
        queries[outside] = _embed(config.model, photos, config.runtime, embeddings)
    return to_unit(queries)


def _embed(
    path: Path, photos: Sequence[str], runtime: RuntimeConfig, embeddings: Embeddings
) -> Floats:
    """Return the features of photos; raises CtcError for another model or a bad photo."""
    file = read_model(path)
    if file.digest != embeddings.model_digest:
        raise UsageError(
            f"'{path}' is not the model that made '{embeddings.path}',"
            f" '{embeddings.about.get('model')}': their features can't be compared"
        )
    model = EmbedTask(None).open(file, runtime)
    features = []
    for result in run_pipeline(model, given_events(photos), PipelineConfig(model.network.runtime)):
        if result.prediction is None:
            failure = result.failures[0]
            raise InputError(f"'{failure.path}' can't be used: {failure.reason}")
        features.append(result.prediction.images[0].features)
    return np.stack(features)


def _excluded_rows(embeddings: Embeddings, row: int | None, other_events: bool) -> Ints:
    """Return the rows that are no neighbors of `row`: itself, or all of its event."""
    import pyarrow.compute as pc

    if row is None:
        return np.empty(0, np.int64)
    if not other_events:
        return np.array([row])
    events = embeddings.table[EVENT_ID]
    same = pc.equal(events, events[row])
    return np.flatnonzero(same.to_numpy())

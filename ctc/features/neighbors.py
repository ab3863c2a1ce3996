"""The photos whose features are most like those of a photo, by cosine similarity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.features.neighbor_queries import NeighborConfig, own_rows, query_features
from ctc.features.store import EVENT_ID, PATH, Embeddings

BLOCK_BYTES = 64 << 20
"""Size of the features that are in memory at a time."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A photo like another, or an animal in it: the `rank`-th of those of `photo`, from 1.

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
    rows = own_rows(config, embeddings)
    queries = query_features(config, embeddings, rows)
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


def _excluded_rows(embeddings: Embeddings, row: int | None, other_events: bool) -> Ints:
    """Return the rows that are no neighbors of `row`: its photo's, or all of its event."""
    import pyarrow.compute as pc

    if row is None:
        return np.empty(0, np.int64)
    if not other_events and not embeddings.has_boxes:
        return np.array([row])
    column = embeddings.table[EVENT_ID if other_events else PATH]
    return np.flatnonzero(pc.equal(column, column[row]).to_numpy())

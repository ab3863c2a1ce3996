"""Neighbors with what is known about them: box, event, place, time, split, labels."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from ctc.artifacts.arrow_columns import LOCATION
from ctc.artifacts.inventory import Inventory
from ctc.features.neighbors import Neighbor
from ctc.features.photo_labels import label_columns, labels_of_rows
from ctc.features.store import BOX, EVENT_ID, PATH, Embeddings
from ctc.storage.urls import redact, redact_urls

Value = str | float
_SHOWN = (EVENT_ID, "datetime", LOCATION, "deployment", "split")
"""Columns of the embeddings that are shown where they hold anything."""
_DIGITS = 6
"""Decimals of the numbers of a box."""
_FIRST = ("photo", "rank", "similarity", "path")


@dataclass(frozen=True)
class NeighborTable:
    """Neighbors, and the values of `columns` for each."""

    neighbors: Sequence[Neighbor]
    paths: Sequence[str]
    columns: tuple[str, ...]
    values: Sequence[tuple[Value, ...]]

    def by_photo(self) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
        """Yield each photo with rows of path, similarity and the columns, as text."""
        rows = zip(self.neighbors, self.paths, self.values, strict=True)
        for photo, group in groupby(rows, lambda row: row[0].photo):
            yield (
                redact_urls(photo),
                [
                    (redact_urls(path), f"{one.similarity:.4f}", *map(_to_text, values))
                    for one, path, values in group
                ],
            )

    def records(self) -> list[dict[str, Any]]:
        """Return an object per neighbor."""
        content = [
            {
                "photo": one.photo,
                "rank": one.rank,
                "similarity": round(one.similarity, 6),
                "path": path,
                **dict(zip(self.columns, values, strict=True)),
            }
            for one, path, values in zip(self.neighbors, self.paths, self.values, strict=True)
        ]
        return cast("list[dict[str, Any]]", redact(content))

    def to_json(self) -> str:
        """Return the records as JSON."""
        return json.dumps(self.records(), indent=1, ensure_ascii=False) + "\n"

    def to_csv(self) -> str:
        """Return the records as CSV."""
        text = io.StringIO()
        rows = csv.DictWriter(text, (*_FIRST, *self.columns), lineterminator="\n")
        rows.writeheader()
        rows.writerows(self.records())
        return text.getvalue()


def neighbor_table(
    embeddings: Embeddings,
    neighbors: Sequence[Neighbor],
    inventory: Path | None = None,
    image_root: Path | None = None,
) -> NeighborTable:
    """Return the neighbors with the known columns, and the labels in an inventory.

    `image_root`: in place of the inventory's. Raises CtcError for an inventory that can't be read,
    or has none of the photos.
    """
    rows = [one.row for one in neighbors]
    part = embeddings.table.take(rows)
    names = [name for name in _SHOWN if name in part.column_names and any(part[name].to_pylist())]
    paths = [path or "" for path in part[PATH].to_pylist()]
    columns: dict[str, list[Value]] = {
        name: [value or "" for value in part[name].to_pylist()] for name in names
    }
    if columns.get(EVENT_ID) == paths:
        del columns[EVENT_ID]  # every photo is an event of its own
    if embeddings.has_boxes:
        columns |= {name: [_rounded(value) for value in part[name].to_pylist()] for name in BOX}
    if inventory:
        read = Inventory.read(inventory)
        root = read.image_root if image_root is None else image_root
        labels = labels_of_rows(read, embeddings, root, rows)
        for name in label_columns(read, embeddings):
            columns[_free_name(name, columns)] = [labels.get(row, {}).get(name, "") for row in rows]
    values = list(zip(*columns.values(), strict=True)) if columns else [()] * len(rows)
    return NeighborTable(neighbors, paths, tuple(columns), values)


def _rounded(value: Value | None) -> Value:
    return round(value, _DIGITS) if isinstance(value, float) else value or ""


def _to_text(value: Value) -> str:
    return redact_urls(value) if isinstance(value, str) else f"{value:.3f}"


def _free_name(name: str, columns: Collection[str]) -> str:
    while name in columns or name in _FIRST:
        name = f"label_{name}"
    return name

"""Labels and places of embedded photos, from an inventory."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from ctc.artifacts.arrow_columns import LOCATION
from ctc.artifacts.inventory import IMAGES, Inventory
from ctc.errors import UsageError
from ctc.features.photo_rows import PhotoRows
from ctc.features.store import PATH, Embeddings

_BATCH_ROWS = 10_000


def label_columns(inventory: Inventory, embeddings: Embeddings) -> tuple[str, ...]:
    """Return the columns of an inventory that say what a photo shows and where it was taken.

    The location only where the embeddings don't have it.
    """
    with_place = LOCATION in inventory.meta and LOCATION not in embeddings.table.column_names
    return (*inventory.labels, *[LOCATION] * with_place)


def labels_of_rows(
    inventory: Inventory, embeddings: Embeddings, image_root: Path, rows: Collection[int]
) -> dict[int, dict[str, str]]:
    """Return the values of `label_columns` for some rows, those of several observations by ' + '.

    A row whose photo is not in the inventory is left out. Raises UsageError if none of the
    embeddings' photos is in it.
    """
    columns = label_columns(inventory, embeddings)
    known = PhotoRows(embeddings)
    # a photo is found by its first row; animals of the same photo have others
    first = {
        row: known.find(embeddings.table[PATH][row].as_py(), embeddings.folder) for row in rows
    }
    wanted = set(first.values())
    values: dict[int | None, dict[str, dict[str, None]]] = {}
    found = False
    table = inventory.table.select([IMAGES, *columns])
    for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
        for observation in batch.to_pylist():
            for path in observation[IMAGES] or ():
                row = known.find(path, image_root)
                found |= row is not None
                if row in wanted:
                    _add(values.setdefault(row, {name: {} for name in columns}), observation)
    if not found:
        example = embeddings.table[PATH][0].as_py() if len(embeddings) else ""
        raise UsageError(
            f"no photo of '{embeddings.path}', such as '{example}', is in the inventory:"
            " check --image-root"
        )
    return {
        row: {name: " + ".join(texts) for name, texts in values[photo].items()}
        for row, photo in first.items()
        if photo in values
    }


def _add(values: dict[str, dict[str, None]], observation: dict[str, Any]) -> None:
    for name, texts in values.items():
        value = observation[name]
        if isinstance(value, list):
            value = " + ".join(map(str, value))
        if value is not None:
            texts[str(value)] = None

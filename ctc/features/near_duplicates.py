"""Find photos of different events that look almost the same, by their features.

Photos that are almost the same in two splits of a dataset let a model be tested on what it was
trained on; at two locations or with two labels, one of them is mostly filed wrongly.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.inventory import Inventory
from ctc.errors import UsageError
from ctc.features.alike_pairs import AdvanceFn, AlikeRows, Floats, Ints, alike_pairs
from ctc.features.photo_rows import PhotoRows
from ctc.features.store import PATH, Embeddings
from ctc.inventory.checks.check import Problem
from ctc.inventory.checks.duplicate_photos import describe_differences
from ctc.inventory.checks.photo_uses import PhotoUses

DEFAULT_SIMILARITY = 0.95
"""Cosine from which two photos are near duplicates; docs/features.md says what it finds."""
SPLIT = "split"
_IN_MEMORY_BYTES = 512 << 20
"""Features that are larger are kept in a temporary file."""
_ROWS_PER_READ = 4_096
_IDENTICAL = 1 - 1e-6
"""Cosine of equal features, whose lengths are rounded."""


@dataclass(frozen=True)
class NearDuplicates:
    """The photos of an inventory that are almost the same as an earlier one of another event.

    `compared`: how many photos of the inventory have features. `without_features`: how many have
    none. `across_splits`: how many of the `problems` are in two splits, None if splits are unknown.
    """

    problems: tuple[Problem, ...]
    compared: int
    without_features: int
    across_splits: int | None


@dataclass(frozen=True)
class _Compared:
    """Uses of the inventory's photos that have features, in the inventory's order.

    `use`: the number of the use in `PhotoUses`; `row`: of the features; `event`: of the event.
    `split`: the number of the split, or None.
    """

    use: Ints
    row: Ints
    event: Ints
    split: Ints | None
    split_names: tuple[str, ...] = ()


def find_near_duplicates(
    inventory: Inventory,
    uses: PhotoUses,
    embeddings: Embeddings,
    image_root: Path,
    similarity: float,
    advance: AdvanceFn,
) -> NearDuplicates:
    """Compare all photos that have features.

    A photo is listed with the most alike earlier photo of another event, one of another split if
    there is any. `similarity`: the least cosine, above 0. Raises UsageError if no photo of the
    inventory is among the embeddings.
    """
    compared = _match(inventory, uses, embeddings, image_root)
    nearest = AlikeRows.of(len(compared.use))
    leaking = AlikeRows.of(len(compared.use))
    with _unit_features(embeddings, compared.row) as unit:
        limit = min(similarity, _IDENTICAL)
        for earlier, later, cosines in alike_pairs(unit, compared.event, limit, advance):
            nearest.add(earlier, later, cosines)
            if compared.split is not None:
                between = compared.split[earlier] != compared.split[later]
                leaking.add(earlier[between], later[between], cosines[between])
    problems = tuple(_problems(inventory, uses, compared, nearest, leaking))
    across = None if compared.split is None else int((leaking.count > 0).sum())
    matched = len(np.unique(uses.photo[compared.use]))
    return NearDuplicates(problems, matched, len(uses.paths) - matched, across)


def _match(
    inventory: Inventory, uses: PhotoUses, embeddings: Embeddings, image_root: Path
) -> _Compared:
    """Return the first use of every photo that has features."""
    rows = PhotoRows(embeddings)
    found_rows = (rows.find(path.as_py(), image_root) for path in uses.paths)
    row_of_photo = np.fromiter((-1 if row is None else row for row in found_rows), np.int64)
    if not (row_of_photo >= 0).any():
        raise UsageError(
            f"no photo of the inventory, such as '{uses.paths[0].as_py()}', is in"
            f" '{embeddings.path}', which has photos such as '{embeddings.table[PATH][0].as_py()}':"
            " embed the inventory, or check --image-root"
            if len(uses.paths) and len(embeddings)
            else f"'{embeddings.path}' has no photo of the inventory: embed the inventory"
        )
    first_uses = np.flatnonzero(np.diff(uses.photo, prepend=-1))
    known = first_uses[row_of_photo[uses.photo[first_uses]] >= 0]
    found = row_of_photo[uses.photo[known]]
    names, splits = _splits(inventory, uses, embeddings, known, found)
    return _Compared(known, found, uses.event[known], splits, names)


def _splits(
    inventory: Inventory, uses: PhotoUses, embeddings: Embeddings, known: Ints, rows: Ints
) -> tuple[tuple[str, ...], Ints | None]:
    """Return the names of the splits, and the number of each use's.

    That of the embeddings of a dataset, or else that of a column `split` of the inventory.
    """
    if SPLIT in embeddings.table.column_names:
        values = embeddings.table[SPLIT].take(rows).to_pylist()
    elif SPLIT in inventory.meta:
        first_rows = np.unique(uses.event_of_row, return_index=True)[1]
        values = inventory.table[SPLIT].take(first_rows[uses.event[known]]).to_pylist()
    else:
        return (), None
    names, numbers = np.unique([str(value or "") for value in values], return_inverse=True)
    return tuple(names.tolist()), numbers.astype(np.int64)


@contextmanager
def _unit_features(embeddings: Embeddings, rows: Ints) -> Iterator[Floats]:
    """Return the features of some rows, each divided by its length, in memory or in a file."""
    shape = len(rows), embeddings.feature_size
    place = np.full(len(embeddings), -1)
    place[rows] = np.arange(len(rows))
    with tempfile.TemporaryDirectory(prefix="ctc-features-") as folder:
        unit: NDArray[np.float32] = (
            np.empty(shape, np.float32)
            if 4 * shape[0] * shape[1] <= _IN_MEMORY_BYTES
            else np.memmap(Path(folder) / "unit", np.float32, "w+", shape=shape)
        )
        for start, block in embeddings.unit_blocks(_ROWS_PER_READ):
            target = place[start : start + len(block)]
            unit[target[target >= 0]] = block[target >= 0]
        yield unit
        del unit


def _problems(
    inventory: Inventory,
    uses: PhotoUses,
    compared: _Compared,
    nearest: AlikeRows,
    leaking: AlikeRows,
) -> Iterator[Problem]:
    listed = np.flatnonzero(nearest.count)
    is_leak = leaking.count[listed] > 0
    partner = np.where(is_leak, leaking.partner[listed], nearest.partner[listed])
    cosine = np.where(is_leak, leaking.similarity[listed], nearest.similarity[listed])
    pairs = np.stack([compared.use[partner], compared.use[listed]], axis=1)
    differences = describe_differences(inventory, uses, pairs)
    for number, (pair, difference) in enumerate(zip(pairs.tolist(), differences, strict=True)):
        first, path = (uses.paths[int(uses.photo[use])].as_py() for use in pair)
        event, event_id = (uses.event_ids[int(uses.event[use])].as_py() for use in pair)
        parts = [f"{cosine[number]:.3f} like '{first}' of event '{event}'"]
        more = int(nearest.count[listed[number]]) - 1
        parts[0] += f" and {more:,} more" if more else ""
        if is_leak[number] and compared.split is not None:
            splits = compared.split[[partner[number], listed[number]]]
            parts.append(f"split: {' / '.join(compared.split_names[one] for one in splits)}")
        yield Problem(
            "near-duplicate", path, event_id, "; ".join([*parts, *[difference] * bool(difference)])
        )

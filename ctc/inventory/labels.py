"""Correct labels: rename classes, drop observations without a label."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ctc.artifacts.inventory import EVENT_ID, Inventory
from ctc.errors import InputError, UsageError, did_you_mean
from ctc.inventory.left_out import LeftOutLog
from ctc.plugin.records import LeftOut
from ctc.storage.csv_reader import read_rows

if TYPE_CHECKING:
    import pyarrow as pa

LABEL, OLD, NEW = "label", "old", "new"
DISCARD_REASON = "a label is missing (--discard-missing)"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Renaming:
    """A class of a label, and its new name.

    `new` is None if the label becomes missing. `label` is '' if the file has none. `where`: file
    and line.
    """

    label: str
    old: str
    new: str | None
    where: str


def read_renamings(path: Path) -> tuple[Renaming, ...]:
    """Read a CSV with the columns `label`, `old` and `new`.

    `label` is needed only if there are several labels; an empty `new` makes the label missing.
    Raises CtcError if the file can't be used, or gives one class two new names.
    """
    if not path.is_file():
        raise UsageError(
            f"file '{path}' does not exist: "
            f"--relabel needs a CSV with the columns {LABEL}, {OLD}, {NEW}"
        )
    header, rows = read_rows(path)
    for column in (OLD, NEW):
        if column not in header:
            raise UsageError(
                f"'{path}' has no column '{column}': "
                f"--relabel needs the columns {LABEL}, {OLD}, {NEW}"
            )
    renamings: dict[tuple[str, str], Renaming] = {}
    for line, row in rows:
        label, old, new = (row.get(column, "").strip() for column in (LABEL, OLD, NEW))
        renaming = Renaming(label, old, new or None, f"'{path}' line {line}")
        if not old:
            raise InputError(f"{renaming.where} names no old class: fill in its column '{OLD}'")
        if renamings.setdefault((label, old), renaming).new != renaming.new:
            raise InputError(
                f"{renaming.where} gives '{old}' another new name than an earlier line: "
                "keep one of them"
            )
    return tuple(renamings.values())


def relabel(inventory: Inventory, renamings: Sequence[Renaming]) -> Inventory:
    """Rename classes, all at once, so that two classes can be swapped.

    Raises UsageError for an unknown label; an unknown class is a warning.
    """
    by_label: dict[str, list[Renaming]] = {}
    for renaming in renamings:
        by_label.setdefault(_resolve_label(renaming, inventory), []).append(renaming)
    table = inventory.table
    for label, of_label in by_label.items():
        new_names = {renaming.old: renaming.new for renaming in of_label}
        column = _rename_classes(table[label], new_names)
        _warn_unknown_classes(table[label], label, of_label)
        table = table.set_column(table.column_names.index(label), label, column)
    return replace(inventory, table=table)


def discard_missing(inventory: Inventory, left_out: LeftOutLog) -> Inventory:
    """Keep only observations that have a class for every label; log the others to `left_out`."""
    import numpy as np
    import pyarrow.compute as pc

    complete = np.ones(inventory.table.num_rows, bool)
    for label in inventory.labels:
        complete &= pc.is_valid(inventory.table[label]).to_numpy()
    for chunk in inventory.table[EVENT_ID].filter(~complete).chunks:
        for event_id in chunk.to_pylist():
            left_out.add(LeftOut(event_id, DISCARD_REASON))
    if not complete.any():
        raise InputError("no observation is left, each lacks a label: omit --discard-missing")
    return replace(inventory, table=inventory.table.filter(complete))


def _resolve_label(renaming: Renaming, inventory: Inventory) -> str:
    if not renaming.label and len(inventory.labels) == 1:
        return inventory.labels[0]
    if renaming.label not in inventory.labels:
        hint = did_you_mean(renaming.label, inventory.labels)
        raise UsageError(f"{renaming.where}: no label called '{renaming.label}'{hint}")
    return renaming.label


def _rename_classes(column: pa.ChunkedArray, new: Mapping[str, str | None]) -> pa.ChunkedArray:
    import pyarrow as pa

    renamed = []
    for chunk in column.dictionary_encode().chunks:
        classes = [new.get(name, name) for name in chunk.dictionary.to_pylist()]
        renamed.append(pa.array(classes, pa.string()).take(chunk.indices))
    return pa.chunked_array(renamed, pa.string())


def _warn_unknown_classes(
    column: pa.ChunkedArray, label: str, renamings: Sequence[Renaming]
) -> None:
    known = {name for name in column.unique().to_pylist() if name is not None}
    for renaming in renamings:
        if renaming.old not in known:
            hint = did_you_mean(renaming.old, known)
            suggestion = hint if "did you mean" in hint else ""
            log.warning(
                "%s: label '%s' has no class called '%s'%s",
                renaming.where,
                label,
                renaming.old,
                suggestion,
            )

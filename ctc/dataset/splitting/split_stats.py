"""Statistics of planned splits: sizes, class counts, and locations that are in several splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ctc.artifacts.arrow_columns import LOCATION, factorize
from ctc.dataset.plan import DatasetPlan


@dataclass(frozen=True)
class SplitStats:
    """Statistics of one split.

    `events` and `photos` count repetitions. `counts`: label → class → observations. `groups`:
    number of values of --group-by, None without.
    """

    events: int
    photos: int
    counts: Mapping[str, Mapping[str, int]]
    groups: int | None


def split_stats(plan: DatasetPlan) -> dict[str, SplitStats]:
    """Return what each split will hold if every photo can be used."""
    import pyarrow.compute as pc

    table, events = plan.inventory.table, plan.selection.events
    lengths = pc.fill_null(pc.list_value_length(table["images"]), 0).to_numpy()
    values = {label: factorize(table[label]) for label in plan.classes}
    group = events.column_codes(plan.config.group_by) if plan.config.group_by else None
    stats = {}
    for split, numbers in plan.selection.splits.items():
        rows = events.rows_of(numbers)
        counts = {}
        for label, classes in plan.classes.items():
            names, codes = values[label]
            found = np.bincount(codes[rows] + 1, minlength=len(names) + 1)[1:]
            by_name = dict(zip(names.to_pylist(), found.tolist(), strict=True))
            counts[label] = {name: by_name[name] for name in classes}
        photos = int(lengths[events.photo_rows[numbers]].sum())
        groups = None if group is None else len(np.unique(group[numbers]))
        stats[split] = SplitStats(len(numbers), photos, counts, groups)
    return stats


def leaked_locations(plan: DatasetPlan) -> tuple[int, int]:
    """Return the number of locations that are in more than one split, and the number of all.

    Both are 0 if the inventory has no column 'location'.
    """
    if LOCATION not in plan.inventory.meta:
        return 0, 0
    location = plan.selection.events.column_codes(LOCATION)
    parts = [np.unique(location[numbers]) for numbers in plan.selection.splits.values()]
    known = np.concatenate(parts)
    _, splits = np.unique(known[known >= 0], return_counts=True)
    return int((splits > 1).sum()), len(splits)

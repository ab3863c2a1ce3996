"""Split events by shares, by the values of a column, or by groups that stay together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import Ints, factorize
from ctc.dataset.config import DatasetConfig
from ctc.dataset.splitting.group_assignment import GroupCounts, assign_groups
from ctc.errors import InputError, UsageError
from ctc.reporting import counted

if TYPE_CHECKING:
    import pyarrow as pa


def split_by_share(shuffled: Ints, shares: Mapping[str, float]) -> dict[str, Ints]:
    """Cut the events at the cumulative shares; every split gets at least one event."""
    if len(shuffled) < len(shares):
        raise InputError(
            f"{counted(len(shuffled), 'event')} can't fill {len(shares)} splits: use fewer --split"
        )
    sizes = np.maximum(1, np.round(np.array(list(shares.values())) * len(shuffled)).astype(int))
    sizes[np.argmax(sizes)] += len(shuffled) - sizes.sum()
    return dict(zip(shares, np.split(shuffled, np.cumsum(sizes)[:-1]), strict=True))


def split_by_column(
    shuffled: Ints, codes: Ints, column: pa.ChunkedArray, name: str
) -> dict[str, Ints]:
    """Make one split per value of the column; `codes` holds the value's number for every event."""
    values = [str(value) for value in factorize(column)[0].to_pylist()]
    for value in values:
        if not re.fullmatch(r"[\w-]+", value):
            raise UsageError(
                f"'{name}' has the value '{value}', which can't name a split: "
                "use letters and digits"
            )
    return {values[code]: shuffled[codes[shuffled] == code] for code in np.unique(codes[shuffled])}


def split_by_group(
    shuffled: Ints,
    groups: Ints,
    event_index: Ints,
    labels: Sequence[Ints],
    config: DatasetConfig,
    generator: np.random.Generator,
) -> dict[str, Ints]:
    """Assign whole groups to splits so that shares and classes come close to the targets.

    `groups`: the group of each shuffled event. `labels`: per label the class of each observation,
    −1 where missing; `event_index`: the position in `shuffled` of each observation's event.
    """
    values, members = np.unique(groups, return_inverse=True)
    if len(values) < len(config.shares):
        raise InputError(
            f"'{config.group_by}' has {counted(len(values), 'value')} for {len(config.shares)} "
            "splits, each of which needs one: use fewer --split, or another --group-by"
        )
    counts = GroupCounts.from_events(members, event_index, labels)
    split_of = assign_groups(counts, np.array(list(config.shares.values())), generator)
    return {
        name: shuffled[split_of[members] == number] for number, name in enumerate(config.shares)
    }

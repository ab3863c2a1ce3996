"""Events become splits: by shares, by a column's values, or by groups that stay whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import Ints, numbered
from ctc.dataset.config import DatasetConfig
from ctc.dataset.group_assignment import GroupCounts, assign
from ctc.errors import InputError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa


def by_share(shuffled: Ints, shares: Mapping[str, float]) -> dict[str, Ints]:
    """Cut at the cumulated shares; every split gets at least one event."""
    if len(shuffled) < len(shares):
        raise InputError(f"{len(shuffled)} events can't fill {len(shares)} splits: give fewer --split")
    sizes = np.maximum(1, np.round(np.array(list(shares.values())) * len(shuffled)).astype(int))
    sizes[np.argmax(sizes)] += len(shuffled) - sizes.sum()
    return dict(zip(shares, np.split(shuffled, np.cumsum(sizes)[:-1]), strict=True))


def by_column(shuffled: Ints, codes: Ints, column: pa.ChunkedArray, name: str) -> dict[str, Ints]:
    """A split for each value of the column; `codes` has the number of its value for every event."""
    values = [str(value) for value in numbered(column)[0].to_pylist()]
    for value in values:
        if not re.fullmatch(r"[\w-]+", value):
            raise UsageError(f"'{name}' has the value '{value}', which can't name a split: use letters and digits")
    return {values[code]: shuffled[codes[shuffled] == code] for code in np.unique(codes[shuffled])}


def by_group(
    shuffled: Ints,
    groups: Ints,
    owner: Ints,
    labels: Sequence[Ints],
    config: DatasetConfig,
    generator: np.random.Generator,
) -> dict[str, Ints]:
    """Whole groups, so that shares and classes come as near to what is wanted as the groups allow. `groups`: the group of each shuffled
    event. `labels`: per label the class of each observation, −1 where missing, of the event at place `owner` in `shuffled`."""
    values, members = np.unique(groups, return_inverse=True)
    if len(values) < len(config.shares):
        raise InputError(
            f"'{config.group_by}' has {len(values)} values for {len(config.shares)} splits: give fewer --split"
        )
    counts = GroupCounts.of(members, owner, labels)
    split_of = assign(counts, np.array(list(config.shares.values())), generator)
    return {name: shuffled[split_of[members] == number] for number, name in enumerate(config.shares)}

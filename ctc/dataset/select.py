"""Which events of an inventory go into the dataset, and into which split. Whole columns at a time: inventories are large."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.inventory import EVENT_ID, Inventory
from ctc.dataset.config import DatasetConfig
from ctc.errors import InputError, UsageError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Selection:
    """`rows`: the inventory's row numbers sorted by event; event e has the rows `rows[starts[e]:starts[e + 1]]`. `splits`: per split
    its events, in the order in which they are written. `left_out`: events per reason."""

    rows: Ints
    starts: Ints
    splits: Mapping[str, Ints]
    left_out: Mapping[str, int]

    def rows_of(self, event: int) -> Ints:
        """The row numbers of one event, in the inventory's order."""
        return self.rows[self.starts[event] : self.starts[event + 1]]


def select(inventory: Inventory, config: DatasetConfig) -> Selection:
    """Keep, remove, balance, split, shuffle; the same seed gives the same result. Raises CtcError when nothing is left."""
    rows, starts = _events(inventory.table)
    chosen = np.ones(len(starts) - 1, dtype=bool)
    left_out: dict[str, int] = {}

    def leave_out(mask: NDArray[np.bool_], reason: str) -> None:
        dropped = int((chosen & mask).sum())
        if dropped:
            left_out[reason] = left_out.get(reason, 0) + dropped
        chosen[mask] = False

    if config.keep:
        leave_out(~_any_of(inventory, config.keep, rows, starts), "not among --keep")
    if config.remove:
        leave_out(_any_of(inventory, config.remove, rows, starts), "removed by --remove")
    if not config.keep_multi_observation:
        leave_out(np.diff(starts) > 1, "more than one observation")
    groups = None
    column = config.split_by or config.group_by
    if column:
        inventory.check_meta(column)
        groups = _codes(inventory.table[column])[rows[starts[:-1]]]
        leave_out(groups < 0, f"no value in '{column}'")
    generator = np.random.default_rng(config.seed)
    if config.balance:
        inventory.check_label(config.balance)
        classes = _codes(inventory.table[config.balance])[rows[starts[:-1]]]
        within = groups if config.split_by and groups is not None else np.zeros_like(classes)
        leave_out(~_balanced(np.flatnonzero(chosen), classes, within, generator), "left out by --balance")
    if not chosen.any():
        raise InputError(
            f"no event is left for the dataset ({_reasons(left_out)}): loosen --keep, --remove or --balance"
        )
    splits = _splits(inventory, config, np.flatnonzero(chosen), groups, generator)
    return Selection(rows, starts, splits, left_out)


def _events(table: pa.Table) -> tuple[Ints, Ints]:
    """Row numbers grouped by event, events in order of first appearance, and where each event starts."""
    codes = _codes(table[EVENT_ID])
    rows = np.argsort(codes, kind="stable")
    ordered = codes[rows]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(rows) else np.array([], dtype=np.int64)
    return rows, np.r_[starts, len(rows)]


def _codes(column: pa.ChunkedArray) -> Ints:
    """Numbers for the values in order of first appearance, −1 for null."""
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(column.combine_chunks())
    encoded = encoded.combine_chunks() if hasattr(encoded, "combine_chunks") else encoded
    codes: Ints = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _any_of(inventory: Inventory, pairs: Iterable[tuple[str, str]], rows: Ints, starts: Ints) -> NDArray[np.bool_]:
    """Per event, whether one of its observations has one of the (label, class) pairs."""
    import pyarrow.compute as pc

    hit = np.zeros(inventory.table.num_rows, dtype=bool)
    for label, value in pairs:
        inventory.check_label(label)
        column = inventory.table[label]
        match = pc.fill_null(pc.equal(column, value), False).to_numpy(zero_copy_only=False)
        if not match.any():
            known = [entry for entry in pc.unique(column).to_pylist() if entry is not None]
            raise UsageError(f"label '{label}' has no class called '{value}'{did_you_mean(value, known)}")
        hit |= match
    return np.logical_or.reduceat(hit[rows], starts[:-1])


def _balanced(events: Ints, classes: Ints, within: Ints, generator: np.random.Generator) -> NDArray[np.bool_]:
    """Down-sample every class to the rarest, inside each part of `within`; events without a class are dropped."""
    kept = np.zeros(len(classes), dtype=bool)
    for part in np.unique(within[events]):
        members = events[(within[events] == part) & (classes[events] >= 0)]
        values, counts = np.unique(classes[members], return_counts=True)
        for value in values:
            candidates = members[classes[members] == value]
            kept[generator.choice(candidates, counts.min(), replace=False)] = True
    return kept


def _splits(
    inventory: Inventory, config: DatasetConfig, events: Ints, groups: Ints | None, generator: np.random.Generator
) -> dict[str, Ints]:
    shuffled = generator.permutation(events)
    if groups is None:
        return _by_share(shuffled, config.shares)
    if config.group_by:
        return _by_group(shuffled, groups[shuffled], config, generator)
    names = [str(value) for value in _names(inventory.table[str(config.split_by)])]
    for name in names:
        if not re.fullmatch(r"[\w-]+", name):
            raise UsageError(
                f"'{config.split_by}' has the value '{name}', which can't name a split: use letters and digits"
            )
    return {names[code]: shuffled[groups[shuffled] == code] for code in np.unique(groups[events])}


def _names(column: pa.ChunkedArray) -> list[object]:
    import pyarrow.compute as pc

    return [value for value in pc.unique(column).to_pylist() if value is not None]


def _by_share(shuffled: Ints, shares: Mapping[str, float]) -> dict[str, Ints]:
    """Cut at the cumulated shares; every split gets at least one event."""
    if len(shuffled) < len(shares):
        raise InputError(f"{len(shuffled)} events can't fill {len(shares)} splits: give fewer --split")
    sizes = np.maximum(1, np.round(np.array(list(shares.values())) * len(shuffled)).astype(int))
    sizes[np.argmax(sizes)] += len(shuffled) - sizes.sum()
    return dict(zip(shares, np.split(shuffled, np.cumsum(sizes)[:-1]), strict=True))


def _by_group(shuffled: Ints, groups: Ints, config: DatasetConfig, generator: np.random.Generator) -> dict[str, Ints]:
    """Whole groups, largest first, each to the split that lacks most of its share."""
    values, counts = np.unique(groups, return_counts=True)
    if len(values) < len(config.shares):
        raise InputError(
            f"'{config.group_by}' has {len(values)} values for {len(config.shares)} splits: give fewer --split"
        )
    order = generator.permutation(len(values))
    order = order[np.argsort(-counts[order], kind="stable")]
    wanted = np.array(list(config.shares.values())) * len(shuffled)
    got = np.zeros(len(wanted))
    taken = np.zeros(len(wanted), dtype=int)
    split_of = np.zeros(int(values.max()) + 1, dtype=int)
    for i, group in enumerate(order):
        empty = np.flatnonzero(taken == 0)
        choices = empty if len(order) - i <= len(empty) else np.arange(len(wanted))
        best = choices[np.argmax((wanted - got)[choices] / wanted[choices])]
        split_of[values[group]] = best
        got[best] += counts[group]
        taken[best] += 1
    return {name: shuffled[split_of[groups] == i] for i, name in enumerate(config.shares)}


def _reasons(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in left_out.items()) or "the inventory is empty"

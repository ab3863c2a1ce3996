"""Select the events of an inventory for the dataset, and assign them to splits.

All operations work on whole columns, since inventories are large.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints, factorize, take
from ctc.artifacts.dataset import MULTIPLE_OBSERVATIONS, TRAIN
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.dataset.config import DatasetConfig
from ctc.dataset.splitting.resampling import downsample, upsample
from ctc.dataset.splitting.shared_photos import unite_sharing_events, warn_of_shared_photos
from ctc.dataset.splitting.splits import split_by_column, split_by_group, split_by_share
from ctc.errors import InputError, UsageError, did_you_mean

NOT_KEPT, REMOVED, BALANCED = "not among --keep", "removed by --remove", "surplus for --balance"


@dataclass(frozen=True)
class InventoryEvents:
    """The events of an inventory, in order of first appearance.

    `rows`: row numbers sorted by event; event e has the rows `rows[starts[e]:starts[e + 1]]`, in
    the inventory's order.
    """

    inventory: Inventory
    rows: Ints
    starts: Ints

    @classmethod
    def from_inventory(cls, inventory: Inventory) -> InventoryEvents:
        """Group the rows of the inventory by event."""
        _, codes = factorize(inventory.table[EVENT_ID])
        rows = np.argsort(codes, kind="stable")
        ordered = codes[rows]
        starts = (
            np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
            if len(rows)
            else np.array([], np.int64)
        )
        return cls(inventory, rows, np.r_[starts, len(rows)])

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def observation_counts(self) -> Ints:
        """Number of observations of each event."""
        return np.diff(self.starts)

    def rows_of(self, events: Ints) -> Ints:
        """Return the rows of these events, event by event."""
        counts = self.observation_counts[events]
        starts = np.repeat(self.starts[events] - np.r_[0, np.cumsum(counts)[:-1]], counts)
        rows: Ints = self.rows[starts + np.arange(counts.sum())]
        return rows

    def column_codes(self, column: str) -> Ints:
        """Return the code of each event's value in `column`, of its first observation.

        The code of null is −1.
        """
        _, codes = factorize(self.inventory.table[column])
        return codes[self.rows[self.starts[:-1]]]

    def rarest_class(self, label: str) -> Ints:
        """Return the code of the rarest class of `label` among each event's observations.

        It is −1 for an event whose observations have none.
        """
        values, codes = factorize(self.inventory.table[label])
        order = np.argsort(np.bincount(codes + 1, minlength=len(values) + 1)[1:], kind="stable")
        ranks = np.append(np.argsort(order), len(order))[codes]
        lowest = np.minimum.reduceat(ranks[self.rows], self.starts[:-1])
        found: Ints = np.append(order, -1)[lowest]
        return found

    @cached_property
    def photo_rows(self) -> Ints:
        """Per event the row with its photos: the first that names any, or else its first row."""
        import pyarrow.compute as pc

        lengths = pc.fill_null(pc.list_value_length(self.inventory.table[IMAGES]), 0).to_numpy()
        with_photos = np.append(np.flatnonzero(lengths[self.rows]), len(lengths))
        found = with_photos[np.searchsorted(with_photos, self.starts[:-1])]
        return self.rows[np.where(found < self.starts[1:], found, self.starts[:-1])]

    def has_any_class(self, pairs: Iterable[tuple[str, str]]) -> NDArray[np.bool_]:
        """Return for each event whether an observation has one of these (label, class) pairs."""
        matches = np.zeros(len(self.rows), dtype=bool)
        for label, value in pairs:
            matches |= _match_rows(self.inventory, label, value)
        return np.logical_or.reduceat(matches[self.rows], self.starts[:-1])


@dataclass(frozen=True)
class Selection:
    """The selected events.

    `splits`: per split its events, in the order in which they are written; an upsampled event
    occurs several times. `left_out`: number of events per reason.
    """

    events: InventoryEvents
    splits: Mapping[str, Ints]
    left_out: Mapping[str, int]


def select_events(inventory: Inventory, config: DatasetConfig) -> Selection:
    """Filter, balance, shuffle and split the events; the same seed gives the same result.

    Raises CtcError if no event is left.
    """
    _check_names(inventory, config)
    if not inventory.table.num_rows:
        raise InputError("the inventory is empty: it has no events for a dataset")
    events = InventoryEvents.from_inventory(inventory)
    generator = np.random.default_rng(config.seed)
    chosen, left_out = _filter_events(events, config, generator)
    if not len(chosen):
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
        raise InputError(f"no event is left for the dataset ({reasons}): {_remedies(left_out)}")
    splits = _assign_splits(events, config, generator.permutation(chosen), generator)
    if config.up_sample:
        if TRAIN not in splits:
            raise UsageError(
                f"--up-sample repeats events of the split '{TRAIN}', but there is none: "
                f"call a split '{TRAIN}'"
            )
        classes = events.rarest_class(config.up_sample)
        splits[TRAIN] = upsample(splits[TRAIN], classes, config.up_sample_limit, generator)
    return Selection(events, splits, left_out)


def _remedies(left_out: Mapping[str, int]) -> str:
    """Return what keeps more events, given the reasons why all were left out."""
    options = {NOT_KEPT: "--keep", REMOVED: "--remove", BALANCED: "--balance"}
    used = " and ".join(option for reason, option in options.items() if reason in left_out)
    loosen = [f"loosen {used}"] if used else []
    if MULTIPLE_OBSERVATIONS in left_out:
        loosen.append(
            "add --keep-multi-observation, for `ctc train --multi-label`, or select the rows of "
            "a presence table with `ctc inventory csv --where COLUMN=VALUE`"
        )
    return "; ".join(loosen) or "choose another --split-by or --group-by"


def _check_names(inventory: Inventory, config: DatasetConfig) -> None:
    for label in (config.balance, config.up_sample):
        if label:
            inventory.check_label(label)
    for column in (config.split_by, config.group_by):
        if column:
            inventory.check_meta(column)


def _filter_events(
    events: InventoryEvents, config: DatasetConfig, generator: np.random.Generator
) -> tuple[Ints, dict[str, int]]:
    """Return the events that stay, and how many were left out per reason."""
    chosen = np.ones(len(events), dtype=bool)
    left_out: dict[str, int] = {}

    def leave_out(mask: NDArray[np.bool_], reason: str) -> None:
        dropped = int((chosen & mask).sum())
        if dropped:
            left_out[reason] = dropped
        chosen[mask] = False

    if config.keep:
        leave_out(~events.has_any_class(config.keep), NOT_KEPT)
    if config.remove:
        leave_out(events.has_any_class(config.remove), REMOVED)
    if not config.keep_multi_observation:
        leave_out(events.observation_counts > 1, MULTIPLE_OBSERVATIONS)
    column = config.split_by or config.group_by
    if column:
        leave_out(events.column_codes(column) < 0, f"no value in '{column}'")
    if config.balance:
        classes = events.rarest_class(config.balance)
        strata = events.column_codes(config.split_by) if config.split_by else np.zeros_like(classes)
        kept = downsample(np.flatnonzero(chosen), classes, strata, generator)
        leave_out(~kept, BALANCED)
    return np.flatnonzero(chosen), left_out


def _assign_splits(
    events: InventoryEvents, config: DatasetConfig, shuffled: Ints, generator: np.random.Generator
) -> dict[str, Ints]:
    """Split the events; those that share photos stay together unless a column has the splits."""
    images = take(events.inventory.table[IMAGES], events.photo_rows)
    if config.split_by:
        splits = split_by_column(
            shuffled,
            events.column_codes(config.split_by),
            events.inventory.table[config.split_by],
            config.split_by,
        )
        warn_of_shared_photos(splits, images)
        return splits
    if config.group_by is None:
        splits = split_by_share(shuffled, config.shares)
        return unite_sharing_events(shuffled, splits, images)
    rows = events.rows_of(shuffled)
    event_index = np.repeat(np.arange(len(shuffled)), events.observation_counts[shuffled])
    labels = [
        factorize(events.inventory.table[label])[1][rows] for label in events.inventory.labels
    ]
    groups = events.column_codes(config.group_by)[shuffled]
    splits = split_by_group(shuffled, groups, event_index, labels, config, generator)
    return unite_sharing_events(shuffled, splits, images)


def _match_rows(inventory: Inventory, label: str, value: str) -> NDArray[np.bool_]:
    """Return for each row whether `label` has this class; a label may have '=' in its name.

    Raises UsageError, with the closest name, if no row has.
    """
    label, value = _split_at_label(f"{label}={value}", inventory.labels)
    inventory.check_label(label)
    values, codes = factorize(inventory.table[label])
    known = values.to_pylist()
    if value not in known:
        raise UsageError(
            f"label '{label}' has no class called '{value}'{did_you_mean(value, known)}"
        )
    match: NDArray[np.bool_] = codes == known.index(value)
    return match


def _split_at_label(text: str, labels: Sequence[str]) -> tuple[str, str]:
    """Split 'LABEL=CLASS' behind the longest label that fits, or else at the first '='."""
    fitting = [label for label in labels if text.startswith(f"{label}=")]
    label = max(fitting, key=len, default=text.partition("=")[0])
    return label, text[len(label) + 1 :]

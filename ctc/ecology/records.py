"""Independent records: photos of one species at one place that count once.

Two rules are in use. `last-record`: a record is independent if nothing of its species was recorded
there for some time. `last-independent`: if no *independent* record was; then an animal that stays
counts again after that time. A record exactly that much later is independent.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ctc.ecology.survey import Bools, Ints

Rule = Literal["last-record", "last-independent"]
RULES: tuple[Rule, ...] = ("last-record", "last-independent")


def independent(group: Ints, seconds: Ints, gap: int, rule: Rule) -> Bools:
    """Return which of n records are independent.

    `group` (n,): species and place of each; `seconds` (n,): times; `gap`: seconds.
    """
    order = np.lexsort((seconds, group))
    found = np.empty(len(order), bool)
    found[order] = independent_sorted(group[order], seconds[order], gap, rule)
    return found


def independent_sorted(group: Ints, seconds: Ints, gap: int, rule: Rule) -> Bools:
    """Return `independent` for records that are sorted by group, then by time."""
    kept = np.ones(len(seconds), bool)
    new_group = group[1:] != group[:-1]
    kept[1:] = new_group | (seconds[1:] - seconds[:-1] >= gap)
    if rule == "last-record" or gap <= 0 or not len(kept):
        return kept
    # after a silence of `gap` both rules agree; within each run, go from record to record
    starts = np.flatnonzero(kept)
    ends = np.append(starts[1:], len(kept))
    long = seconds[ends - 1] - seconds[starts] >= gap
    at, end = starts[long], ends[long]
    span = int(seconds.max() - seconds.min()) + gap + 1
    place = np.concatenate(([0], np.cumsum(new_group)))
    key = place * span + (seconds - seconds.min())
    while len(at):
        following = np.searchsorted(key, key[at] + gap)
        inside = following < end
        at, end = following[inside], end[inside]
        kept[at] = True
    return kept


def group_maximum(kept: Bools, values: Ints) -> Ints:
    """Return the largest value from each independent record to the next; input sorted as above."""
    starts = np.flatnonzero(kept)
    return np.maximum.reduceat(values, starts) if len(starts) else values[:0]

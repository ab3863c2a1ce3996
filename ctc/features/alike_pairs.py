"""Find, for each of many rows, an earlier row with almost the same direction.

All pairs of n rows are n² / 2 products of thousands of numbers. Most are far from alike, and a few
numbers show it: the rows are rotated so that the first numbers hold most of their lengths, and the
lengths of the rest, a and b, bound what is missing from the product: at most a · b, by Cauchy and
Schwarz. With the length of the rest as one more number, the product of the short rows is that bound
itself. Only pairs whose bound reaches the limit are multiplied in full, so that none is missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
AdvanceFn = Callable[[int], None]

SHORT_LENGTH = 96
"""Numbers of a short row, without the length of the rest."""
BLOCK_ROWS = 2_048
"""Rows of a block; a block of products has as many columns."""
_SAMPLE_ROWS = 4_096
_SLACK, _ROUNDING = 1e-5, 1e-6
"""Above the errors of float32 in a bound, and in the square of a rest."""
_DENSE = 0.003
"""Share of pairs from which a block is multiplied as a whole, which is faster than one by one."""
_PAIRS_AT_A_TIME = 1 << 15


@dataclass(frozen=True)
class AlikeRows:
    """For each row the most similar of the earlier rows that are alike.

    `partner`: its number, −1 for none; of equal ones the first. `similarity`: the cosine, 0 for
    none. `count`: how many earlier rows are alike.
    """

    partner: Ints
    similarity: Floats
    count: Ints

    @classmethod
    def of(cls, rows: int) -> AlikeRows:
        """Return the result for `rows` rows before any is compared."""
        return cls(np.full(rows, -1), np.zeros(rows, np.float32), np.zeros(rows, np.int64))

    def add(self, earlier: Ints, later: Ints, similarity: Floats) -> None:
        """Take pairs into account."""
        np.add.at(self.count, later, 1)
        order = np.lexsort((earlier, -similarity, later))
        earlier, later, similarity = earlier[order], later[order], similarity[order]
        first = np.ones(len(later), bool)
        first[1:] = later[1:] != later[:-1]
        better = first & (similarity > self.similarity[later])
        self.partner[later[better]] = earlier[better]
        self.similarity[later[better]] = similarity[better]


def alike_pairs(
    unit: Floats, groups: Ints, limit: float, advance: AdvanceFn
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Yield earlier rows, later rows and cosines of all pairs that reach `limit`, in blocks.

    `unit`: (rows, size) of length 1 or 0, in memory or mapped from a file. Rows of the same of the
    `groups`, (rows,), are no pairs. `advance` gets the number of rows that have been compared with
    all before them.
    """
    short = _shorten(unit)
    for start in range(0, len(unit), BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, len(unit))
        later_rows = np.asarray(unit[start:stop])
        for begin in range(0, stop, BLOCK_ROWS):
            end = min(begin + BLOCK_ROWS, stop)
            bound = short[begin:end] @ short[start:stop].T
            possible = bound >= limit - _SLACK
            possible &= groups[begin:end, None] != groups[None, start:stop]
            if begin == start:
                possible &= np.tri(end - begin, stop - start, -1, bool).T
            if possible.any():
                yield _exact(unit[begin:end], later_rows, possible, limit, begin, start)
        advance(stop - start)


def _shorten(unit: Floats) -> Floats:
    """Return the short rows, (rows, ≤ SHORT_LENGTH + 1), whose products are no less than those."""
    if unit.shape[1] <= SHORT_LENGTH + 1 or len(unit) <= BLOCK_ROWS:
        return np.asarray(unit)
    step = -(-len(unit) // _SAMPLE_ROWS)
    sample = np.asarray(unit[::step], np.float64)
    _, directions = np.linalg.eigh(sample.T @ sample)
    rotation = directions[:, -SHORT_LENGTH:].astype(np.float32)
    short = np.empty((len(unit), SHORT_LENGTH + 1), np.float32)
    for start in range(0, len(unit), BLOCK_ROWS):
        rows = np.asarray(unit[start : start + BLOCK_ROWS])
        kept = rows @ rotation
        rest = np.maximum((rows * rows).sum(axis=1) - (kept * kept).sum(axis=1), 0)
        short[start : start + len(rows), :-1] = kept
        short[start : start + len(rows), -1] = np.sqrt(rest + _ROUNDING)
    return short


def _exact(
    earlier_rows: Floats,
    later_rows: Floats,
    possible: NDArray[np.bool_],
    limit: float,
    begin: int,
    start: int,
) -> tuple[Ints, Ints, Floats]:
    """Return those of the `possible` pairs, (earlier, later), that reach `limit`."""
    earlier, later = np.nonzero(possible)
    if len(earlier) > _DENSE * possible.size:
        similarity = (earlier_rows @ later_rows.T)[earlier, later]
    else:
        parts = range(0, len(earlier), _PAIRS_AT_A_TIME)
        similarity = np.concatenate(
            [
                np.einsum(
                    "ij,ij->i",
                    earlier_rows[earlier[at : at + _PAIRS_AT_A_TIME]],
                    later_rows[later[at : at + _PAIRS_AT_A_TIME]],
                )
                for at in parts
            ]
        )
    reached = similarity >= limit
    return earlier[reached] + begin, later[reached] + start, similarity[reached]

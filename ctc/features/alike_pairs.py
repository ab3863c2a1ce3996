"""Find, for each of many rows, an earlier row with almost the same direction.

All pairs of n rows are n² / 2 products of thousands of numbers. Most are far from alike, and a few
numbers show it: the rows are rotated so that the first numbers hold most of their lengths, and the
lengths of the rest, a and b, bound what is missing from the product: at most a · b, by Cauchy and
Schwarz. With the length of the rest as one more number, the product of the short rows is that bound
itself. Coarse rows, with fewer numbers still, bound the bound. Only pairs whose bound reaches the
limit are multiplied in full, so that none is missed.
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
COARSE_LENGTH = 32
"""Numbers of a coarse row, without the length of the rest."""
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
    coarse = _coarsen(short)
    for start in range(0, len(unit), BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, len(unit))
        later_rows = np.asarray(unit[start:stop])
        for begin in range(0, stop, BLOCK_ROWS):
            rows = slice(begin, min(begin + BLOCK_ROWS, stop))
            earlier, later = _candidates(coarse, short, rows, slice(start, stop), limit - _SLACK)
            kept = groups[earlier + begin] != groups[later + start]
            if begin == start:
                kept &= earlier < later
            if kept.any():
                pairs = earlier[kept], later[kept]
                similarity = _products(unit[rows], later_rows, *pairs)
                reached = similarity >= limit
                yield pairs[0][reached] + begin, pairs[1][reached] + start, similarity[reached]
        advance(stop - start)


def _candidates(
    coarse: Floats, short: Floats, earlier_rows: slice, later_rows: slice, floor: float
) -> tuple[Ints, Ints]:
    """Return the pairs of two blocks whose bounds reach `floor`, as numbers in their blocks.

    Where the coarse rows leave few pairs, the bound of the short rows is asked for these alone.
    """
    possible = coarse[earlier_rows] @ coarse[later_rows].T >= floor
    if coarse is short:
        return _places(possible)
    if np.count_nonzero(possible) > _DENSE * possible.size:
        return _places(short[earlier_rows] @ short[later_rows].T >= floor)
    earlier, later = _places(possible)
    kept = _products(short[earlier_rows], short[later_rows], earlier, later) >= floor
    return earlier[kept], later[kept]


def _places(possible: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return the rows and columns of what is True: `np.nonzero`, thirty times as fast where that is
    little."""
    earlier, later = np.divmod(np.flatnonzero(possible), possible.shape[1])
    return earlier, later


def _coarsen(short: Floats) -> Floats:
    """Return the rows of `_shorten` with fewer numbers, (rows, COARSE_LENGTH + 1), whose products
    are no less than those; the same rows where they are not shortened."""
    if short.shape[1] != SHORT_LENGTH + 1:
        return short
    dropped, kept, rest = np.split(short, [SHORT_LENGTH - COARSE_LENGTH, SHORT_LENGTH], axis=1)
    lost = np.einsum("ij,ij->i", dropped, dropped)[:, None] + rest * rest
    return np.concatenate([kept, np.sqrt(lost + _ROUNDING)], axis=1)


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


def _products(earlier_rows: Floats, later_rows: Floats, earlier: Ints, later: Ints) -> Floats:
    """Return the products of some pairs of two blocks, float32 (pairs,)."""
    if len(earlier) > _DENSE * len(earlier_rows) * len(later_rows):
        products: Floats = (earlier_rows @ later_rows.T)[earlier, later]
        return products
    parts = [slice(at, at + _PAIRS_AT_A_TIME) for at in range(0, len(earlier), _PAIRS_AT_A_TIME)]
    found = [
        np.einsum("ij,ij->i", earlier_rows[earlier[part]], later_rows[later[part]])
        for part in parts
    ]
    return np.concatenate(found) if found else np.empty(0, np.float32)

"""All pairs of rows with almost the same direction, none missed."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.features import alike_pairs
from ctc.features.alike_pairs import AlikeRows
from ctc.features.store import to_unit


def silent(rows: int) -> None:
    """Report nothing."""


def found_pairs(unit: np.ndarray, groups: np.ndarray, limit: float) -> set[tuple[int, int]]:
    pairs: set[tuple[int, int]] = set()
    for earlier, later, cosines in alike_pairs.alike_pairs(unit, groups, limit, silent):
        np.testing.assert_allclose(cosines, (unit[earlier] * unit[later]).sum(axis=1), atol=1e-6)
        new = set(zip(earlier.tolist(), later.tolist(), strict=True))
        assert not pairs & new
        pairs |= new
    return pairs


def expected_pairs(unit: np.ndarray, groups: np.ndarray, limit: float) -> set[tuple[int, int]]:
    alike = np.triu(unit @ unit.T >= limit, 1) & (groups[:, None] != groups[None])
    return set(zip(*(axis.tolist() for axis in np.nonzero(alike)), strict=True))


@pytest.mark.parametrize(("short", "coarse"), [(1, 1), (4, 2), (8, 3), (16, 4), (96, 32)])
@pytest.mark.parametrize("dense", [0.0, 0.003, 1.0])
@pytest.mark.parametrize("spread", [0.05, 0.4])
def test_pairs_are_those_of_the_full_product(
    monkeypatch, short: int, coarse: int, dense: float, spread: float
) -> None:
    monkeypatch.setattr(alike_pairs, "SHORT_LENGTH", short)
    monkeypatch.setattr(alike_pairs, "COARSE_LENGTH", coarse)
    monkeypatch.setattr(alike_pairs, "_DENSE", dense)
    monkeypatch.setattr(alike_pairs, "BLOCK_ROWS", 37)
    rng = np.random.default_rng(short)
    centres = rng.random((30, 40)) ** 4
    rows = centres[rng.integers(0, 30, 300)] * (1 + spread * rng.normal(size=(300, 40)))
    unit = to_unit(rows.astype(np.float32))
    groups = rng.integers(0, 250, 300)
    cosines = np.sort((unit @ unit.T)[np.triu_indices(300, 1)])
    at = -1_000 + int(np.argmax(np.diff(cosines[-1_000:-800])))
    limit = float(
        cosines[at : at + 2].mean()
    )  # in the widest gap, so that rounding decides nothing
    expected = expected_pairs(unit, groups, limit)
    assert len(expected) > 100
    assert found_pairs(unit, groups, limit) == expected


def test_rows_that_are_no_sum_of_few_directions_are_not_missed(monkeypatch) -> None:
    monkeypatch.setattr(alike_pairs, "SHORT_LENGTH", 2)
    monkeypatch.setattr(alike_pairs, "COARSE_LENGTH", 1)
    monkeypatch.setattr(alike_pairs, "BLOCK_ROWS", 8)
    unit = np.repeat(np.eye(20, dtype=np.float32), 2, axis=0)
    groups = np.arange(40)
    assert found_pairs(unit, groups, 1.0) == {(2 * i, 2 * i + 1) for i in range(20)}


def test_the_bound_leaves_few_pairs_to_multiply(monkeypatch) -> None:
    monkeypatch.setattr(alike_pairs, "BLOCK_ROWS", 128)
    rng = np.random.default_rng(0)
    low = rng.random((500, 16)).astype(np.float32) ** 6 @ rng.random((16, 400)).astype(np.float32)
    unit = to_unit(low + 0.05 * rng.random((500, 400)).astype(np.float32))
    multiplied = 0
    candidates = alike_pairs._candidates

    def count(*given):
        nonlocal multiplied
        found = candidates(*given)
        multiplied += len(found[0])
        return found

    monkeypatch.setattr(alike_pairs, "_candidates", count)
    limit = float(np.sort((unit @ unit.T)[np.triu_indices(500, 1)])[-300])
    found = found_pairs(unit, np.arange(500), limit)
    # those of one block are bounded twice, and so is each row with itself
    assert 200 < len(found) <= multiplied < 4 * len(found) + 500


def test_coarse_rows_bound_the_short_ones() -> None:
    rng = np.random.default_rng(4)
    unit = to_unit(rng.normal(size=(3_000, 200)).astype(np.float32))
    short = alike_pairs._shorten(unit)
    coarse = alike_pairs._coarsen(short)
    assert (short.shape[1], coarse.shape[1]) == (97, 33)
    products = [rows[:500] @ rows[500:].T for rows in (unit, short, coarse)]
    assert (products[1] >= products[0] - 1e-5).all()
    assert (products[2] >= products[1] - 1e-5).all()


def test_advance_counts_every_row(monkeypatch) -> None:
    monkeypatch.setattr(alike_pairs, "BLOCK_ROWS", 3)
    seen: list[int] = []
    unit = np.zeros((8, 2), np.float32)
    assert list(alike_pairs.alike_pairs(unit, np.arange(8), 0.5, seen.append)) == []
    assert seen == [3, 3, 2]


def test_alike_rows_keep_the_best_and_the_first_of_equals() -> None:
    rows = AlikeRows.of(5)
    rows.add(np.array([2, 0, 1]), np.array([4, 4, 3]), np.array([0.9, 0.9, 0.7], np.float32))
    rows.add(np.array([3, 1]), np.array([4, 4]), np.array([0.9, 0.95], np.float32))
    assert rows.partner.tolist() == [-1, -1, -1, 1, 1]
    assert rows.count.tolist() == [0, 0, 0, 1, 4]
    assert rows.similarity.tolist() == pytest.approx([0, 0, 0, 0.7, 0.95])

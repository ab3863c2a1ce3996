"""Species accumulation, against all orders of places, and Chao2 by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_world import many

from ctc.ecology.accumulation import accumulate, chao2

PLACES = st.integers(1, 5).flatmap(
    lambda n: st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=n, max_size=n)
)


@many(300)
@given(rows=PLACES)
def test_accumulate_is_the_mean_over_all_choices(rows) -> None:
    seen = np.array(rows)
    expected = [
        np.mean([seen[list(some)].any(axis=0).sum() for some in combinations(range(len(seen)), k)])
        for k in range(1, len(seen) + 1)
    ]
    assert accumulate(seen).mean.tolist() == pytest.approx(expected, abs=1e-9)


def test_accumulate_ends_with_all_that_was_seen() -> None:
    found = accumulate(np.array([[1, 0, 0], [1, 1, 0]], bool))
    assert (found.mean[-1], found.observed) == (pytest.approx(2), 2)


def test_chao2_adds_what_was_seen_once() -> None:
    # 5 places; 3 species once, 1 twice, 1 at all: 5 + 4/5 · 3·2 / (2·2)
    assert chao2(np.array([1, 1, 1, 2, 5]), 5) == pytest.approx(6.2)


def test_accumulate_of_no_species() -> None:
    assert accumulate(np.zeros((3, 0), bool)).mean.tolist() == [0, 0, 0]

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest

from ctc.storage.ordered_map import map_in_order


def test_map_in_order_keeps_order() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(map_in_order(pool, str, range(50), 8)) == [str(n) for n in range(50)]


def test_map_in_order_submits_at_most_max_pending() -> None:
    items = iter(range(50))
    with ThreadPoolExecutor(2) as pool, closing(map_in_order(pool, str, items, 8)) as results:
        next(results)
        assert len(list(items)) == 42


def test_map_in_order_raises_when_turn_comes() -> None:
    with ThreadPoolExecutor(2) as pool:
        results = map_in_order(pool, lambda n: 1 // n, [1, 1, 0], 8)
        assert [next(results), next(results)] == [1, 1]
        with pytest.raises(ZeroDivisionError):
            next(results)


def test_map_in_order_close_cancels_pending() -> None:
    release, started = Event(), []

    def wait(number: int) -> None:
        started.append(number)
        if number:
            release.wait(60)

    with ThreadPoolExecutor(1) as pool:
        with closing(map_in_order(pool, wait, range(8), 8)) as results:
            next(results)
        release.set()
    assert len(started) <= 2

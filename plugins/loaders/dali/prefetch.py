"""Prefetching in a background thread."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import repeat, takewhile
from typing import TypeVar

from ctc.storage.ordered_map import map_in_order

ItemT = TypeVar("ItemT")


def prefetch(items: Generator[ItemT, None, None], count: int) -> Generator[ItemT, None, None]:
    """Yield `items`, made in one thread, up to `count` of them ahead.

    Whatever `items` raises is raised here. When this generator is closed, the thread ends with its
    current item, and `items` is closed.
    """

    def make_next(_: None) -> ItemT | None:
        return next(items, None)

    with (
        closing(items),
        ThreadPoolExecutor(1, "ctc-dali") as pool,
        closing(map_in_order(pool, make_next, repeat(None), count + 1)) as made,
    ):
        yield from takewhile(lambda item: item is not None, made)

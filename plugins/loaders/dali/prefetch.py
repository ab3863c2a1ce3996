"""Working ahead in a thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

T = TypeVar("T")


def prefetch(items: Generator[T, None, None], count: int) -> Generator[T, None, None]:
    """The `items`, made in one thread, up to `count` before they are asked for. Whatever `items`
    raises is raised here. When this generator is closed, the thread ends with the item it is at,
    and `items` are closed."""
    with closing(items), ThreadPoolExecutor(1, "ctc-dali") as pool:
        waiting: deque[Future[T | None]] = deque()
        try:
            waiting.extend(pool.submit(next, items, None) for _ in range(count))
            while (item := waiting.popleft().result()) is not None:
                waiting.append(pool.submit(next, items, None))
                yield item
        finally:
            pool.shutdown(cancel_futures=True)

"""A bounded, ordered map over a thread pool.

From Python 3.14 on, `Executor.map(…, buffersize=n)` does the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future
from typing import TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


def map_in_order(
    pool: Executor,
    function: Callable[[ItemT], ResultT],
    items: Iterable[ItemT],
    max_pending: int,
) -> Generator[ResultT]:
    """Yield `function(item)` in the order of the items, at most `max_pending` of them submitted.

    An exception of `function` is raised when the turn of its item comes. Closing the generator
    cancels the items that have not started; use `contextlib.closing` to close it before the pool.
    """
    pending: deque[Future[ResultT]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= max_pending:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()

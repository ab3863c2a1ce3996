"""A bounded, ordered map over a thread pool.

From Python 3.14 on it is `Executor.map(…, buffersize=n)`.
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

    What `function` raises is raised here, when its turn comes. Closing the generator cancels what
    has not started.
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

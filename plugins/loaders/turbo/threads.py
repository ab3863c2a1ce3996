"""Worker threads of a loader, for the duration of an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock

import cv2

_lock = Lock()
_active_pools = 0
_cv2_threads = 0


@contextmanager
def worker_pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Open a thread pool; tasks that have not started are cancelled when the context ends.

    While a pool is open, OpenCV computes in the calling thread alone: its own threads would compete
    with the pool's. That is a setting of the whole process; the last pool to close restores it.
    """
    with _single_threaded_opencv(), ThreadPoolExecutor(threads, "ctc-turbo") as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _single_threaded_opencv() -> Iterator[None]:
    global _active_pools, _cv2_threads
    with _lock:
        if not _active_pools:
            _cv2_threads = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _active_pools += 1
    try:
        yield
    finally:
        with _lock:
            _active_pools -= 1
            if not _active_pools:
                cv2.setNumThreads(_cv2_threads)

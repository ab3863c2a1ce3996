"""Threads that work for a loader, as long as an epoch lasts."""

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
    """A pool of threads; what it hasn't begun is dropped when the context is left.

    While there is any, OpenCV computes in the calling thread alone: its own threads would compete
    with these. That is a setting of the whole process; the last crew to leave puts it back."""
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

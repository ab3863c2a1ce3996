"""Threads that work for a loader, as long as an epoch lasts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock

import cv2

_lock = Lock()
_crews = 0
_cv2_threads = 0


@contextmanager
def crew(threads: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads; what it hasn't begun is dropped when the context is left.

    While there is any, OpenCV computes in the calling thread alone: its own threads would compete with these. That is a setting of the
    whole process; the last crew to leave puts it back.
    """
    with _opencv_in_one_thread(), ThreadPoolExecutor(threads, "ctc-turbo") as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _opencv_in_one_thread() -> Iterator[None]:
    global _crews, _cv2_threads
    with _lock:
        if not _crews:
            _cv2_threads = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _crews += 1
    try:
        yield
    finally:
        with _lock:
            _crews -= 1
            if not _crews:
                cv2.setNumThreads(_cv2_threads)

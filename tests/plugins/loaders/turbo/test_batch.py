"""Reuse of batch arrays, only when nobody holds them."""

from __future__ import annotations

import weakref

import numpy as np

from ctc_plugins.loaders.turbo.batch import BufferPool


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_buffer_pool_reuses_released_array() -> None:
    buffers = BufferPool((4, 3), max_kept=2)
    first = address(buffers.acquire())
    assert address(buffers.acquire()) == first


def test_buffer_pool_does_not_reuse_held_array() -> None:
    buffers = BufferPool((4, 3), max_kept=2)
    held = buffers.acquire()
    assert address(buffers.acquire()) != address(held)


def test_buffer_pool_does_not_reuse_array_with_view() -> None:
    buffers = BufferPool((4, 3), max_kept=5)
    views = [
        buffers.acquire()[1:],
        buffers.acquire().reshape(-1)[3:4],
        memoryview(buffers.acquire()),
        buffers.acquire().T[:1],
    ]
    taken = {address(buffers.acquire()) for _ in range(4)}
    starts = {address(np.asarray(view)) for view in views}
    assert len(taken) == 1
    assert not any(start <= other < start + 12 for start in taken for other in starts)


def test_buffer_pool_tracks_at_most_max_kept() -> None:
    buffers = BufferPool((4, 3), max_kept=2)
    letting_go = []
    for array in [buffers.acquire() for _ in range(5)]:
        weakref.finalize(array, letting_go.append, address(array))
    del array
    assert len(letting_go) == 3

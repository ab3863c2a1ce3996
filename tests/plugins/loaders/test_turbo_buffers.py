"""Batch arrays are written again only when nobody holds them."""

from __future__ import annotations

import weakref

import numpy as np

from ctc_plugins.loaders.turbo.batch import BufferPool


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_an_array_that_was_let_go_is_used_again() -> None:
    buffers = BufferPool((4, 3), max_kept=2)
    first = address(buffers.acquire())
    assert address(buffers.acquire()) == first


def test_an_array_that_is_held_is_not_used_again() -> None:
    buffers = BufferPool((4, 3), max_kept=2)
    held = buffers.acquire()
    assert address(buffers.acquire()) != address(held)


def test_a_view_or_a_memoryview_holds_its_array() -> None:
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


def test_no_more_arrays_are_kept_than_wanted() -> None:
    buffers = BufferPool((4, 3), max_kept=2)
    letting_go = []
    for array in [buffers.acquire() for _ in range(5)]:
        weakref.finalize(array, letting_go.append, address(array))
    del array
    assert len(letting_go) == 3

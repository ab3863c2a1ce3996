"""Connections to the file of a store."""

from __future__ import annotations

import pytest

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.database.errors import StoreError

FOX = Answer({"species": ("fox",)})


def test_write_refuses_a_file_that_was_deleted(store, keys, ann) -> None:
    store.path.unlink()
    with pytest.raises(StoreError, match="was moved, deleted or replaced since it was opened"):
        store.answer(ann, keys[:1], FOX)


def test_write_goes_on_when_a_moved_file_is_back(store, keys, ann) -> None:
    away = store.path.with_name("away.sqlite")
    store.path.rename(away)
    with pytest.raises(StoreError, match="put it back and answer again"):
        store.answer(ann, keys[:1], FOX)
    away.rename(store.path)
    store.answer(ann, keys[:1], FOX)
    assert len(store.records()) == 1

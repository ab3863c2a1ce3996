"""A store with five events, and its reviewers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from review_events import LABELS, Clock, make_event

from ctc.artifacts.review.records import Reviewer
from ctc.artifacts.review.store import ReviewStore


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[ReviewStore]:
    with ReviewStore.open(tmp_path / "review.sqlite", make=True, clock=clock) as opened:
        opened.replace_events([make_event(name) for name in "abcde"], LABELS)
        yield opened


@pytest.fixture
def keys(store: ReviewStore) -> list[str]:
    return [event.key for event in store.iter_events()]


@pytest.fixture
def ann(store: ReviewStore) -> Reviewer:
    return store.ensure_reviewer("Ann")


@pytest.fixture
def bob(store: ReviewStore) -> Reviewer:
    return store.ensure_reviewer("Bob")


@pytest.fixture
def lea(store: ReviewStore) -> Reviewer:
    return store.ensure_reviewer("Lea", "lead")
